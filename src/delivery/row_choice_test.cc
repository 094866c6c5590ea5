#include "delivery/row_choice.h"

#include <arrow/api.h>
#include <arrow/compute/expression.h>
#include <gtest/gtest.h>

#include "expr/filter.h"
#include "headrace/error_code.h"

namespace headrace::delivery {
namespace {

Result<std::string> RangeText(const std::shared_ptr<arrow::DataType>& type,
                              std::optional<std::string> from, std::optional<std::string> to) {
  const arrow::Schema schema({arrow::field("x", type), arrow::field("y", arrow::int32())});
  const DownsampleRequest chart = {
      .method = "m4", .x = "x", .y = {"y"}, .from = std::move(from), .to = std::move(to)};
  ARROW_ASSIGN_OR_RAISE(const auto range, RangeOf(chart, schema));
  if (range == nullptr) return "";
  return expr::ToText(*range);
}

// The range says the same as this filter.
void ExpectRange(const std::shared_ptr<arrow::DataType>& type, std::optional<std::string> from,
                 std::optional<std::string> to, const std::string& filter) {
  const arrow::Schema schema({arrow::field("x", type), arrow::field("y", arrow::int32())});
  const auto expected = expr::ParseFilter(filter, schema);
  ASSERT_TRUE(expected.ok()) << expected.status();
  const auto text = RangeText(type, std::move(from), std::move(to));
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, expr::ToText(*expected).ValueOrDie());
}

TEST(RowChoice, ARangeIsAFilter) {
  const auto instants = arrow::timestamp(arrow::TimeUnit::MILLI, "Asia/Kathmandu");
  ExpectRange(arrow::int64(), "5", "-1.5", "x >= 5 and x < -1.5");
  ExpectRange(arrow::float32(), "1e3", {}, "x >= 1e3");
  ExpectRange(arrow::float64(), {}, "9007199254740993", "x < 9007199254740993");
  ExpectRange(arrow::date32(), "2024-01-31", "2024-02-01",
              "x >= '2024-01-31' and x < '2024-02-01'");
  ExpectRange(arrow::date32(), "1", {}, "x >= '1970-01-02'");
  ExpectRange(instants, "2024-01-31T00:00:00Z", "2024-02-01 00:00:00.5+05:45",
              "x >= timestamp '2024-01-31 00:00:00Z' and x < timestamp '2024-01-31 18:15:00.5Z'");
  ExpectRange(
      instants, "1500", "2000",
      "x >= timestamp '1970-01-01 00:00:01.5Z' and x < timestamp '1970-01-01 00:00:02.000Z'");
  EXPECT_EQ(RangeText(arrow::int64(), {}, {}).ValueOrDie(), "");
}

TEST(RowChoice, RefusesWhatIsNoValueOfX) {
  const auto code = [](const std::shared_ptr<arrow::DataType>& type, const char* from) {
    const Status status = RangeText(type, from, {}).status();
    EXPECT_EQ(LocationOf(status)[0], "from") << from;
    return CodeOf(status);
  };
  EXPECT_EQ(code(arrow::int64(), "five"), ErrorCode::kTypeMismatch);
  EXPECT_EQ(code(arrow::int64(), "1 or true"), ErrorCode::kTypeMismatch);
  EXPECT_EQ(code(arrow::int64(), "y"), ErrorCode::kTypeMismatch);
  EXPECT_EQ(code(arrow::date32(), "1.5"), ErrorCode::kTypeMismatch);
  EXPECT_NE(CodeOf(RangeText(arrow::timestamp(arrow::TimeUnit::NANO), "soon", {}).status()),
            ErrorCode::kInternal);
  EXPECT_EQ(CodeOf(RangeText(arrow::utf8(), "a", {}).status()), ErrorCode::kTypeMismatch);
}

TEST(RowChoice, RefusesContradictions) {
  const auto place = [](const SampleRequest& sample, const DownsampleRequest& downsample) {
    const Status status = Validate(sample, downsample);
    if (status.ok()) return std::string("none");
    EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument);
    return LocationOf(status)[0];
  };
  const DownsampleRequest chart = {.method = "m4", .x = "x", .y = {"y"}};
  EXPECT_EQ(place({}, {}), "none");
  EXPECT_EQ(place({}, chart), "none");
  EXPECT_EQ(place({.rows = 3, .seed = 1, .stratify = "s"}, {}), "none");
  EXPECT_EQ(place({.rows = 3, .fraction = 0.5}, {}), "fraction");
  EXPECT_EQ(place({.seed = 1}, {}), "seed");
  EXPECT_EQ(place({.stratify = "s"}, {}), "stratify");
  EXPECT_EQ(place({.rows = 3}, chart), "downsample");
  EXPECT_EQ(place({}, {.method = "m4", .y = {"y"}}), "x");
  EXPECT_EQ(place({}, {.method = "m4", .x = "x"}), "y");
  EXPECT_EQ(place({}, {.x = "x"}), "x");
  EXPECT_EQ(place({}, {.y = {"y"}}), "y");
  EXPECT_EQ(place({}, {.points = 10}), "points");
  EXPECT_EQ(place({}, {.from = "1"}), "from");
  EXPECT_EQ(place({}, {.to = "1"}), "to");
  EXPECT_EQ(place({}, {.by = "s"}), "by");
}

}  // namespace
}  // namespace headrace::delivery
