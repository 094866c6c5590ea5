#include "expr/aggregate.h"

#include <string>
#include <vector>

#include <arrow/type.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace::expr {
namespace {

using enum AggregateKind;

const arrow::Schema kSchema(
    {arrow::field("v", arrow::float64()), arrow::field("value", arrow::int32()),
     arrow::field("s", arrow::utf8()), arrow::field("dotted.name", arrow::int64()),
     arrow::field("odd \"name\"", arrow::int64()), arrow::field("min", arrow::int64()),
     arrow::field("d", arrow::decimal128(10, 2)),
     arrow::field("c", arrow::dictionary(arrow::int8(), arrow::utf8())),
     arrow::field("t", arrow::timestamp(arrow::TimeUnit::NANO)),
     arrow::field("list", arrow::list(arrow::int64()))});

TEST(Aggregate, ReadsTheWholeList) {
  const auto list = ParseAggregates(
      "mean(v), SUM(value) as total, count(*), Std( v ),quantile(v, 0.9), count(s), first(list), "
      "last(t), max(s), min(min) AS \"the least\", avg(d), count_distinct(c)",
      kSchema);
  ASSERT_TRUE(list.ok()) << list.status();
  const std::vector<Aggregate> expected = {
      {kMean, "v", "mean(v)"},
      {kSum, "value", "total"},
      {kCount, "", "count(*)"},
      {kStd, "v", "std(v)"},
      {kQuantile, "v", "quantile(v, 0.9)", 0.9},
      {kCount, "s", "count(s)"},
      {kFirst, "list", "first(list)"},
      {kLast, "t", "last(t)"},
      {kMax, "s", "max(s)"},
      {kMin, "min", "the least"},
      {kMean, "d", "mean(d)"},
      {kCountDistinct, "c", "count_distinct(c)"},
  };
  EXPECT_EQ(*list, expected);
}

TEST(Aggregate, NamesWithDotsAndQuotes) {
  const auto list = ParseAggregates(R"(sum(dotted.name), sum("odd ""name"""))", kSchema);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ((*list)[0], (Aggregate{kSum, "dotted.name", "sum(\"dotted.name\")"}));
  EXPECT_EQ((*list)[1], (Aggregate{kSum, "odd \"name\"", "sum(\"odd \"\"name\"\"\")"}));
}

struct Refused {
  std::string text;
  ErrorCode code;
  std::string offset;
};

TEST(Aggregate, RefusesWithAPlace) {
  const std::vector<Refused> rows = {
      {"", ErrorCode::kInvalidArgument, "0"},
      {"mean", ErrorCode::kInvalidArgument, "4"},
      {"mean(v", ErrorCode::kInvalidArgument, "6"},
      {"mean(v),", ErrorCode::kInvalidArgument, "8"},
      {"mean(v) sum(v)", ErrorCode::kInvalidArgument, "8"},
      {"mean(*)", ErrorCode::kInvalidArgument, "5"},
      {"mean()", ErrorCode::kInvalidArgument, "5"},
      {"meen(v)", ErrorCode::kUnknownName, "0"},
      {"mean(w)", ErrorCode::kUnknownName, "5"},
      {"mean(s)", ErrorCode::kTypeMismatch, "5"},
      {"mean(t)", ErrorCode::kTypeMismatch, "5"},
      {"sum(c)", ErrorCode::kTypeMismatch, "4"},
      {"max(list)", ErrorCode::kTypeMismatch, "4"},
      {"quantile(v)", ErrorCode::kInvalidArgument, "10"},
      {"quantile(v, 1.5)", ErrorCode::kInvalidArgument, "12"},
      {"quantile(v, -1)", ErrorCode::kInvalidArgument, "12"},
      {"mean(v), mean(v)", ErrorCode::kInvalidArgument, "9"},
      {"mean(v) as", ErrorCode::kInvalidArgument, "10"},
      {"mean(v) as \"\"", ErrorCode::kInvalidArgument, "11"},
      {"'mean'(v)", ErrorCode::kInvalidArgument, "0"},
      {"mean(v) as \"open", ErrorCode::kInvalidArgument, "11"},
  };
  for (const auto& [text, code, offset] : rows) {
    const auto list = ParseAggregates(text, kSchema);
    ASSERT_FALSE(list.ok()) << text;
    EXPECT_EQ(CodeOf(list.status()), code) << text << "\n" << list.status();
    const auto location = LocationOf(list.status());
    ASSERT_EQ(location.size(), 2u) << text;
    EXPECT_EQ(location[0], "agg");
    EXPECT_EQ(location[1], offset) << text;
  }
}

TEST(Aggregate, BoundsTheirNumber) {
  std::string text;
  for (int i = 0; i <= kMaxAggregates; ++i) {
    text += (i ? ",sum(v) as a" : "sum(v) as a") + std::to_string(i);
  }
  EXPECT_EQ(CodeOf(ParseAggregates(text, kSchema).status()), ErrorCode::kTooLarge);
  EXPECT_EQ(CodeOf(ParseAggregates(std::string(70'000, ' '), kSchema).status()),
            ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace headrace::expr
