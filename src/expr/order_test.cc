#include "expr/order.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace::expr {
namespace {

using Keys = std::vector<OrderKey>;

arrow::Schema Columns() {
  return arrow::Schema({arrow::field("fare", arrow::float64()), arrow::field("ts", arrow::int64()),
                        arrow::field("odd name", arrow::utf8()), arrow::field("two", arrow::utf8()),
                        arrow::field("two", arrow::utf8()), arrow::field("order", arrow::utf8())});
}

Status Refusal(std::string_view text) { return ParseOrder(text, Columns()).status(); }

TEST(Order, Reads) {
  EXPECT_EQ(ParseOrder("fare", Columns()).ValueOrDie(), (Keys{{"fare", false}}));
  EXPECT_EQ(ParseOrder("-fare,ts", Columns()).ValueOrDie(), (Keys{{"fare", true}, {"ts", false}}));
  EXPECT_EQ(ParseOrder(" ts ASC , \"odd name\" desc", Columns()).ValueOrDie(),
            (Keys{{"ts", false}, {"odd name", true}}));
  EXPECT_EQ(ParseOrder("- \"odd name\"", Columns()).ValueOrDie(), (Keys{{"odd name", true}}));
}

TEST(Order, RefusesWithAPlace) {
  for (const char* text :
       {"", ",", "fare,", "fare ts", "-", "fare desc asc", "-fare desc", "-fare asc", "fare, fare",
        "fare, -fare", "3", "'fare'", "two", "fare("}) {
    const Status status = Refusal(text);
    EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument) << text;
    EXPECT_EQ(LocationOf(status)[0], "order_by") << text;
  }
  EXPECT_EQ(CodeOf(Refusal("fair")), ErrorCode::kUnknownName);
  EXPECT_EQ(LocationOf(Refusal("fare, tz"))[1], "6");
  EXPECT_EQ(CodeOf(Refusal(std::string(70'000, ' '))), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace headrace::expr
