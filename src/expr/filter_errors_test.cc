#include <random>
#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "expr/aggregate.h"
#include "expr/filter.h"
#include "expr/random_filter.h"
#include "headrace/error_code.h"

namespace headrace::expr {
namespace {

const arrow::Schema& TestSchema() {
  static const arrow::Schema schema(
      {arrow::field("origin", arrow::utf8()), arrow::field("distance", arrow::int64()),
       arrow::field("ok", arrow::boolean()), arrow::field("twice", arrow::int64()),
       arrow::field("twice", arrow::int64()),
       arrow::field("a", arrow::struct_({arrow::field("inner", arrow::int64())}))});
  return schema;
}

struct Refused {
  std::string text;
  ErrorCode code;
  std::string offset;
};

TEST(FilterErrors, HaveACodeAndAPlace) {
  using enum ErrorCode;
  const std::vector<Refused> rows = {
      {"", kInvalidArgument, "0"},
      {"   ", kInvalidArgument, "3"},
      {"distance >", kInvalidArgument, "10"},
      {"distance > > 1", kInvalidArgument, "11"},
      {"distance 1", kInvalidArgument, "9"},
      {"(distance > 1", kInvalidArgument, "13"},
      {"distance > 1)", kInvalidArgument, "12"},
      {"ok and", kInvalidArgument, "6"},
      {"and ok", kInvalidArgument, "0"},
      {"ok or or ok", kInvalidArgument, "6"},
      {"distance in 1", kInvalidArgument, "12"},
      {"distance in ()", kInvalidArgument, "13"},
      {"distance in (1, distance)", kInvalidArgument, "16"},
      {"distance in (1 2)", kInvalidArgument, "15"},
      {"distance not 1", kInvalidArgument, "13"},
      {"distance between 1 or 2", kInvalidArgument, "19"},
      {"origin like distance", kInvalidArgument, "12"},
      {"origin like 'a' escape 'ab'", kInvalidArgument, "23"},
      {"origin like 'a!b' escape '!'", kInvalidArgument, "12"},
      {"distance is 5", kInvalidArgument, "12"},
      {"origin = 'open", kInvalidArgument, "9"},
      {"\"origin = 1", kInvalidArgument, "0"},
      {"distance = 12abc", kInvalidArgument, "11"},
      {"distance = 1.2.3", kInvalidArgument, "11"},
      {"distance = 1 # 2", kInvalidArgument, "13"},
      {"distance = x'0'", kInvalidArgument, "11"},
      {"distance = date '2024-02-30'", kInvalidArgument, "16"},
      {"distance = interval '1 day'", kInvalidArgument, "20"},
      {"a. = 1", kInvalidArgument, "3"},
      {"twice = 1", kInvalidArgument, "0"},
      {"9223372036854775807 + 1 = distance", kInvalidArgument, "20"},
      {"origin = 'a' and orign = 'b'", kUnknownName, "17"},
      {"ORIGIN = 'a'", kUnknownName, "0"},
      {"a.iner = 1", kUnknownName, "0"},
      {"\"a.inner\" = 1", kUnknownName, "0"},
      {"distance = 'far'", kTypeMismatch, "9"},
      {"ok and distance", kTypeMismatch, "7"},
      {"origin + 1 = 2", kTypeMismatch, "7"},
      {"5 % (distance % 3) = 1", kNotImplemented, "2"},
  };
  for (const auto& [text, code, offset] : rows) {
    const auto filter = ParseFilter(text, TestSchema());
    ASSERT_FALSE(filter.ok()) << text;
    EXPECT_EQ(CodeOf(filter.status()), code) << text << "\n" << filter.status();
    const auto location = LocationOf(filter.status());
    ASSERT_EQ(location.size(), 2u) << text;
    EXPECT_EQ(location[0], "filter");
    EXPECT_EQ(location[1], offset) << text << "\n" << filter.status();
  }
}

TEST(FilterErrors, ShowTheTextAndACaret) {
  const auto status = ParseFilter("ok and orign = 'JFK'", TestSchema()).status();
  EXPECT_NE(status.message().find("'origin'"), std::string::npos) << status;
  EXPECT_NE(status.message().find("\n  ok and orign = 'JFK'\n         ^"), std::string::npos)
      << status;
  // As docs/filters.md shows it.
  const auto shown = ParseFilter("distance > 500 and not (orign = 'JFK')", TestSchema()).status();
  EXPECT_EQ(shown.message(),
            "filter: no column is called 'orign'; did you mean 'origin'?\n"
            "  distance > 500 and not (orign = 'JFK')\n"
            "                          ^");
  // Columns are counted in characters, line ends are shown as spaces.
  const auto wide = ParseFilter("origin = 'ÄÖ'\nand ?", TestSchema()).status();
  EXPECT_NE(wide.message().find("\n  origin = 'ÄÖ' and ?\n                    ^"),
            std::string::npos)
      << wide;
  const auto far =
      ParseFilter(std::string(5000, ' ') + "?" + std::string(5000, ' '), TestSchema()).status();
  EXPECT_LT(far.message().size(), 400u);
}

TEST(FilterErrors, UpperCaseIsOfferedInLower) {
  const auto status = ParseFilter("ORIGIN = 'a'", TestSchema()).status();
  EXPECT_NE(status.message().find("'origin'"), std::string::npos) << status;
}

TEST(FilterErrors, BoundsHoldBeforeTheStackDoes) {
  const auto code = [](const std::string& text) {
    return CodeOf(ParseFilter(text, TestSchema()).status());
  };
  const auto times = [](int n, const std::string& text) {
    std::string out;
    for (int i = 0; i < n; ++i) out += text;
    return out;
  };
  EXPECT_EQ(code(std::string(65'537, ' ')), ErrorCode::kTooLarge);
  EXPECT_EQ(code(times(60'000, "(")), ErrorCode::kTooLarge);
  EXPECT_EQ(code(times(10'000, "not ") + "ok"), ErrorCode::kTooLarge);
  EXPECT_EQ(code("0 < " + times(30'000, "- ") + "distance"), ErrorCode::kTooLarge);
  EXPECT_EQ(code("0 < " + times(30'000, "+") + "distance"), ErrorCode::kTooLarge);
  EXPECT_EQ(code("0 < distance" + times(10'000, " + 1")), ErrorCode::kTooLarge);
  EXPECT_EQ(code("distance" + times(5'000, " is null")), ErrorCode::kTooLarge);
  EXPECT_EQ(code("a" + times(20'000, ".a") + " = 1"), ErrorCode::kTooLarge);
  EXPECT_EQ(code("distance in (" + times(500, "(") + "1"), ErrorCode::kTooLarge);
}

TEST(FilterErrors, LongChainsAreNotDeep) {
  std::string text = "ok";
  for (int i = 0; i < 8'000; ++i) text += i % 2 ? " and ok" : " or ok";
  ASSERT_TRUE(ParseFilter(text, TestSchema()).ok());
  text = "distance = 0";
  while (text.size() < 65'000) text += " and distance = 1";
  const auto filter = ParseFilter(text, TestSchema());
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_TRUE(ToText(*filter).ok());
  EXPECT_GT(SplitConjuncts(*filter).size(), 3'000u);
  text = "distance in (0";
  for (int i = 0; text.size() < 65'500; ++i) text += "," + std::to_string(i % 1000);
  EXPECT_TRUE(ParseFilter(text + ")", TestSchema()).ok());
}

TEST(FilterErrors, AsDeepAsItGoesIsEvaluated) {
  std::string text = "ok";
  for (int i = 0; i < 99; ++i) text = "not (ok = " + text + ")";
  std::string sum = "distance";
  for (int i = 0; i < 190; ++i) sum = i % 2 ? "1.5 / (" + sum + ")" : "0 - (" + sum + ")";
  // Without the two that have one name, for a batch to be made of it.
  const auto once = TestSchema().RemoveField(3).ValueOrDie()->RemoveField(3).ValueOrDie();
  for (const std::string& deep :
       {text, sum + " > 0", std::string(199, '(') + "ok" + std::string(199, ')')}) {
    const auto filter = ParseFilter(deep, TestSchema());
    ASSERT_TRUE(filter.ok()) << filter.status();
    const auto written = ToText(*filter);
    ASSERT_TRUE(written.ok()) << written.status();
    const auto again = ParseFilter(*written, *once);
    ASSERT_TRUE(again.ok()) << again.status();
    const auto mask = FilterMask(*again, *arrow::RecordBatch::MakeEmpty(once).ValueOrDie(),
                                 arrow::default_memory_pool());
    EXPECT_TRUE(mask.ok()) << mask.status();
  }
}

TEST(FilterErrors, InvalidUtf8IsLocated) {
  for (const std::string text : {"origin = '\xff'", "origin = '\xc3'", "origin = '\xe2\x82'"}) {
    const auto status = ParseFilter(text, TestSchema()).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument);
    EXPECT_EQ(LocationOf(status)[1], "10") << status;
  }
  const std::string good = "origin = 'ÄÖÜ€𝄞' and origin = '";
  const auto status = ParseFilter(good + "\x80'", TestSchema()).status();
  EXPECT_EQ(LocationOf(status)[1], std::to_string(good.size()));
}

/// Whatever the text is, it is a filter, or refused with a place in it.
void Feed(const std::string& text, const arrow::Schema& schema) {
  RC_LOG() << "text: " << text << "\n";
  for (const auto& status :
       {ParseFilter(text, schema).status(), ParseAggregates(text, schema).status()}) {
    if (status.ok()) continue;
    const auto code = CodeOf(status);
    RC_ASSERT(code == ErrorCode::kInvalidArgument || code == ErrorCode::kUnknownName ||
              code == ErrorCode::kTypeMismatch || code == ErrorCode::kTooLarge ||
              code == ErrorCode::kNotImplemented);
    const auto location = LocationOf(status);
    RC_ASSERT(location.size() == 2u);
    RC_ASSERT(std::stoull(location[1]) <= text.size());
  }
  const auto filter = ParseFilter(text, schema);
  if (!filter.ok()) return;
  const auto written = ToText(*filter);
  if (!written.ok()) RC_FAIL(written.status().ToString());
  RC_ASSERT(ParseFilter(*written, schema)->Equals(*filter));
}

RC_GTEST_PROP(FilterErrors, RandomBytesAreRefusedWithAPlace, (std::string text)) {
  Feed(text, TestSchema());
}

RC_GTEST_PROP(FilterErrors, RandomWordsAreReadOrRefused, (uint32_t seed)) {
  static const std::vector<std::string> kWords = {"and",
                                                  "or",
                                                  "not",
                                                  "is",
                                                  "null",
                                                  "true",
                                                  "in",
                                                  "like",
                                                  "between",
                                                  "escape",
                                                  "i",
                                                  "f",
                                                  "d",
                                                  "s",
                                                  "v",
                                                  "c",
                                                  "b",
                                                  "u",
                                                  "(",
                                                  ")",
                                                  ",",
                                                  "+",
                                                  "-",
                                                  "*",
                                                  "/",
                                                  "%",
                                                  "=",
                                                  "<",
                                                  ">=",
                                                  "<>",
                                                  "1",
                                                  "2.5",
                                                  "1e400",
                                                  "'a'",
                                                  "'%'",
                                                  "x'00'",
                                                  "date",
                                                  "time",
                                                  ".",
                                                  "\"i\"",
                                                  "1e-9",
                                                  "0",
                                                  "-1",
                                                  "99999999999999999999",
                                                  "'2024-01-31'",
                                                  "timestamp",
                                                  "false",
                                                  "'"};
  std::mt19937 random(seed);
  const RandomRows rows(seed, 0);
  std::string text = seed % 2 ? "i = 1 and " : "";
  for (size_t n = random() % 12; n > 0; --n) text += kWords[random() % kWords.size()] + " ";
  Feed(text, *rows.batch()->schema());
}

RC_GTEST_PROP(FilterErrors, MutatedFiltersAreReadOrRefused, (uint32_t seed)) {
  std::mt19937 random(seed);
  RandomRows rows(seed, 0);
  std::string text = rows.Condition(3).text;
  for (size_t n = 1 + random() % 3; n > 0 && !text.empty(); --n) {
    const size_t at = random() % text.size();
    switch (random() % 4) {
      case 0: text.erase(at, 1 + random() % 3); break;
      case 1: text.insert(at, 1, static_cast<char>(random() % 256)); break;
      case 2: text[at] = static_cast<char>(32 + random() % 95); break;
      default: text.insert(at, text.substr(random() % text.size(), random() % 20)); break;
    }
  }
  Feed(text, *rows.batch()->schema());
}

}  // namespace
}  // namespace headrace::expr
