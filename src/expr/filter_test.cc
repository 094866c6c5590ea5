#include "expr/filter.h"

#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/compute/api.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;

std::shared_ptr<arrow::RecordBatch> Batch() {
  const auto json = [](const std::shared_ptr<arrow::DataType>& type, const std::string& text) {
    return arrow::json::ArrayFromJSONString(type, text).ValueOrDie();
  };
  const auto nested =
      arrow::struct_({arrow::field("b", arrow::int64()),
                      arrow::field("c", arrow::struct_({arrow::field("d", arrow::utf8())}))});
  const auto schema =
      arrow::schema({arrow::field("x", arrow::int64()), arrow::field("y", arrow::float64()),
                     arrow::field("s", arrow::utf8()), arrow::field("p", arrow::boolean()),
                     arrow::field("a", nested), arrow::field("a.b", arrow::int64()),
                     arrow::field("date", arrow::int64()), arrow::field("select *", arrow::int64()),
                     arrow::field("null", arrow::null())});
  return arrow::RecordBatch::Make(
      schema, 4,
      {json(arrow::int64(), "[1, 2, null, 9007199254740993]"),
       json(arrow::float64(), "[0.5, NaN, 2.5, null]"),
       json(arrow::utf8(), R"(["abc", "a%c", null, "Äb"])"),
       json(arrow::boolean(), "[true, false, null, true]"),
       json(nested, R"([{"b": 1, "c": {"d": "q"}}, {"b": 2, "c": null}, null, {"b": 4, "c": {}}])"),
       json(arrow::int64(), "[7, 7, 7, 8]"), json(arrow::int64(), "[1, 2, 3, 4]"),
       json(arrow::int64(), "[1, 0, 0, 0]"), json(arrow::null(), "[null, null, null, null]")});
}

/// One letter for each row: T, F, or - for null.
std::string Mask(const std::string& text) {
  const auto batch = Batch();
  const auto filter = ParseFilter(text, *batch->schema());
  if (!filter.ok()) return filter.status().ToString();
  const auto mask = FilterMask(*filter, *batch, arrow::default_memory_pool());
  if (!mask.ok()) return mask.status().ToString();
  std::string letters;
  for (int64_t row = 0; row < (*mask)->length(); ++row) {
    letters += (*mask)->IsNull(row) ? '-' : (*mask)->Value(row) ? 'T' : 'F';
  }
  return letters;
}

TEST(Filter, ReadsTheWholeGrammar) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"x = 1", "TF-F"},
      {"x == 1", "TF-F"},
      {"x <> 1", "FT-T"},
      {"x != 1", "FT-T"},
      {"x<2", "TF-F"},
      {"x <= 2", "TT-F"},
      {"x > 2", "FF-T"},
      {"2 > x", "TF-F"},
      {"x between 1 and 2", "TT-F"},
      {"x not between 1 and 2", "FF-T"},
      {"x BETWEEN 2 AND 1", "FF-F"},
      {"x in (1, 3)", "TF-F"},
      {"x NOT IN (1, 3)", "FT-T"},
      {"x in (1, null)", "T---"},
      {"x not in (1, null)", "F---"},
      {"s like 'a%'", "TT-F"},
      {"s like '_b'", "FF-T"},
      {"s like 'a!%c' escape '!'", "FT-F"},
      {"s not like 'a%'", "FF-T"},
      {"s like 'a\\%c'", "FF-F"},
      {"x is null", "FFTF"},
      {"x is not null", "TTFT"},
      {"p is true", "TFFT"},
      {"p is not true", "FTTF"},
      {"p is false", "FTFF"},
      {"p is not false", "TFTT"},
      {"p", "TF-T"},
      {"not p", "FT-F"},
      {"p and x = 1", "TF-F"},
      {"p or x = 1", "TF-T"},
      {"p and null", "-F--"},
      {"p or null", "T--T"},
      {"not p or x > 1 and x < 3", "FT-F"},
      {"(not p or x > 1) and x < 3", "FT-F"},
      {"not x = 1", "FT-T"},
      {"x + 1 * 2 = 3", "TF-F"},
      {"(x + 1) * 2 = 4", "TF-F"},
      {"x - 1 - 1 = -1", "TF-F"},
      {"-x = -1", "TF-F"},
      {"- (x) < +0", "TT-T"},
      {"x / 2 = 0.5", "TF-F"},
      {"x % 2 = 1", "TF-T"},
      {"x / 0 > 1", "----"},
      {"x % 0 = 0", "----"},
      {"7 % (x - 1) = 0", "-T-F"},
      {"1 / (x - 1) = 1", "-T-F"},
      {"y / 0 > 1", "----"},
      {"y / 0e0 > 1", "TFT-"},
      {"x = null", "----"},
      {"null is null", "TTTT"},
      {"\"null\" is null", "TTTT"},
      {"\"null\" = 1", "----"},
      {"true", "TTTT"},
      {"null", "----"},
      {"1 = 1 and 'a' < 'b'", "TTTT"},
      {"1 > 2.5 or p", "TF-T"},
      {"date = 2", "FTFF"},
      {"\"select *\" = 1", "TFFF"},
      {"a is null", "FFTF"},
      {"a.b = 7", "TTTF"},
      {"\"a\".\"b\" = 2", "FT-F"},
      {"a.c.d = 'q'", "T---"},
      {"  x\n=\t1 ", "TF-F"},
      {"s = 'it''s'", "FF-F"},
      {"s = 'Äb'", "FF-T"},
      {"x = 1e0", "TF-F"},
      {"x < .5", "FF-F"},
      {"x > 1.", "FT-T"},
      {"(p = (x = 1))", "TT-F"},
  };
  for (const auto& [text, letters] : rows) EXPECT_EQ(Mask(text), letters) << text;
}

TEST(Filter, NanIsUnequalAndUnordered) {
  EXPECT_EQ(Mask("y = y"), "TFT-");
  EXPECT_EQ(Mask("y <> 0.5"), "FTT-");
  EXPECT_EQ(Mask("y < 5"), "TFT-");
  EXPECT_EQ(Mask("not (y < 5)"), "FTF-");
  EXPECT_EQ(Mask("y in (0.5, 2.5)"), "TFT-");
  EXPECT_EQ(Mask("y not in (0.5)"), "FTT-");
  EXPECT_EQ(Mask("y is null"), "FFFT");
}

TEST(Filter, LargeIntegersAreExact) {
  EXPECT_EQ(Mask("x > 9007199254740992"), "FF-T");
  EXPECT_EQ(Mask("x > 9007199254740993"), "FF-F");
  EXPECT_EQ(Mask("x = 9007199254740992.5"), "FF-F");
  EXPECT_EQ(Mask("x > 9007199254740992.5"), "FF-T");
  EXPECT_EQ(Mask("x < 99999999999999999999999"), "TT-T");
  EXPECT_EQ(Mask("x >= -1e300"), "TT-T");
  EXPECT_EQ(Mask("x <> 1e999"), "TT-T");
  EXPECT_EQ(Mask("x in (9007199254740993, 1.5, 99999999999999999999)"), "FF-T");
  EXPECT_EQ(Mask("x in (1.5)"), "FF-F");
  EXPECT_EQ(Mask("x not in (1.5)"), "TT-T");
}

TEST(Filter, AnOverflowIsAnErrorAndNoWrongRow) {
  const auto batch = Batch();
  const auto filter = ParseFilter("x * 9007199254740993 > 0", *batch->schema()).ValueOrDie();
  const auto mask = FilterMask(filter, *batch, arrow::default_memory_pool());
  ASSERT_FALSE(mask.ok());
  EXPECT_EQ(CodeOf(mask.status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(LocationOf(mask.status())[0], "filter");
}

TEST(Filter, ColumnsAreTheTopLevelOnesInSchemaOrder) {
  const auto schema = Batch()->schema();
  const auto columns = [&](const std::string& text) {
    return ColumnsOf(ParseFilter(text, *schema).ValueOrDie());
  };
  EXPECT_EQ(columns("s = 'a' and x > 1 or x < 0"), (std::vector<std::string>{"x", "s"}));
  EXPECT_EQ(columns("a.c.d = 'q' and p"), (std::vector<std::string>{"p", "a"}));
  EXPECT_EQ(columns("a.b = 1"), std::vector<std::string>{"a.b"});
  EXPECT_TRUE(columns("1 = 1").empty());
}

TEST(Filter, SplitsConjunctsInOrder) {
  const auto schema = Batch()->schema();
  const auto terms = SplitConjuncts(
      ParseFilter("x > 1 and (y < 2 and p) and (s = 'a' or p) and x between 1 and 2", *schema)
          .ValueOrDie());
  std::vector<std::string> texts;
  for (const auto& term : terms) texts.push_back(ToText(term).ValueOrDie());
  EXPECT_EQ(texts, (std::vector<std::string>{"x > 1", "y < 2.0", "p", "s = 'a' or p", "x >= 1",
                                             "x <= 2"}));
}

TEST(Filter, MaskTellsABatchThatDoesNotFit) {
  const auto batch = Batch();
  const auto filter = ParseFilter("x > 1 and s = 'a'", *batch->schema()).ValueOrDie();
  const auto without = batch->RemoveColumn(0).ValueOrDie();
  EXPECT_EQ(CodeOf(FilterMask(filter, *without, arrow::default_memory_pool()).status()),
            ErrorCode::kUnknownName);
  const auto other = batch->SetColumn(0, arrow::field("x", arrow::utf8()), batch->column(2));
  EXPECT_EQ(CodeOf(FilterMask(filter, **other, arrow::default_memory_pool()).status()),
            ErrorCode::kTypeMismatch);
  const auto empty = FilterMask(filter, *batch->Slice(0, 0), arrow::default_memory_pool());
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ((*empty)->length(), 0);
}

TEST(Filter, BindsWhatWasBuiltElsewhere) {
  const auto batch = Batch();
  const auto& schema = *batch->schema();
  const auto x = cp::field_ref("x");
  const auto text = [&](const cp::Expression& expression) {
    const auto bound = BindFilter(expression, schema);
    if (!bound.ok()) return bound.status().ToString();
    const auto written = ToText(*bound);
    return written.ok() ? *written : written.status().ToString();
  };
  EXPECT_EQ(text(cp::less(x, cp::literal(3.5))), "x <= 3");
  EXPECT_EQ(text(cp::less(cp::literal(int8_t{3}), x)), "x > 3");
  EXPECT_EQ(text(cp::equal(cp::field_ref(arrow::FieldRef(2)), cp::literal("q"))), "s = 'q'");
  EXPECT_EQ(text(cp::equal(cp::field_ref(arrow::FieldRef("a", "b")), cp::literal(1))),
            "\"a\".\"b\" = 1");
  EXPECT_EQ(text(cp::is_valid(x)), "x is not null");
  EXPECT_EQ(text(cp::and_(cp::is_null(x), cp::not_(cp::field_ref("p")))), "x is null and not p");

  const auto set = [](const std::string& json) {
    return arrow::json::ArrayFromJSONString(arrow::int32(), json).ValueOrDie();
  };
  using Options = cp::SetLookupOptions;
  const auto in = [&](const std::string& json, Options::NullMatchingBehavior behavior) {
    return text(cp::call("is_in", {x}, Options(set(json), behavior)));
  };
  EXPECT_EQ(in("[1, null]", Options::INCONCLUSIVE), "x in (1, null)");
  EXPECT_EQ(in("[1, null]", Options::MATCH), "x in (1) or x is null");
  EXPECT_EQ(in("[1]", Options::MATCH), "x in (1) and x is not null");
  EXPECT_EQ(in("[1, null]", Options::SKIP), "x in (1) and x is not null");
  EXPECT_EQ(in("[1, null]", Options::EMIT_NULL), "x in (1)");
}

TEST(Filter, KeepsFunctionsThatItDoesNotKnow) {
  const auto batch = Batch();
  const auto built = cp::greater(cp::call("abs", {cp::field_ref("x")}), cp::literal(1.5));
  const auto bound = BindFilter(built, *batch->schema());
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(ColumnsOf(*bound), std::vector<std::string>{"x"});
  const auto mask = FilterMask(*bound, *batch, arrow::default_memory_pool());
  ASSERT_TRUE(mask.ok()) << mask.status();
  EXPECT_TRUE((*mask)->Value(1));
  EXPECT_EQ(CodeOf(ToText(*bound).status()), ErrorCode::kNotImplemented);
  EXPECT_TRUE(BindFilter(*bound, *batch->schema())->Equals(*bound));
}

TEST(Filter, RefusesWhatIsNoFilter) {
  const auto batch = Batch();
  const auto& schema = *batch->schema();
  const auto code = [&](const cp::Expression& expression) {
    return CodeOf(BindFilter(expression, schema).status());
  };
  EXPECT_EQ(code(cp::Expression()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(cp::field_ref("x")), ErrorCode::kTypeMismatch);
  EXPECT_EQ(code(cp::field_ref("z")), ErrorCode::kUnknownName);
  EXPECT_EQ(code(cp::field_ref(arrow::FieldRef(99))), ErrorCode::kUnknownName);
  EXPECT_EQ(code(cp::call("no_such_function", {cp::field_ref("x")})), ErrorCode::kUnknownName);
  EXPECT_EQ(code(cp::less(cp::field_ref("x"), cp::literal("a"))), ErrorCode::kTypeMismatch);
  EXPECT_EQ(CodeOf(ToText(cp::field_ref("x")).status()), ErrorCode::kInvalidArgument);
  cp::Expression deep = cp::field_ref("p");
  for (int i = 0; i < 2000; ++i) deep = cp::not_(deep);
  EXPECT_EQ(code(deep), ErrorCode::kTooLarge);
  cp::Expression chain = cp::field_ref("p");
  for (int i = 0; i < 5000; ++i) chain = cp::and_(chain, cp::field_ref("p"));
  EXPECT_TRUE(BindFilter(chain, schema).ok());
}

}  // namespace
}  // namespace headrace::expr
