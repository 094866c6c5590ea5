#include "expr/filter.h"

#include <arrow/api.h>
#include <gtest/gtest.h>
namespace headrace::expr {
TEST(Filter, Smoke) {
  arrow::Schema s({arrow::field("x", arrow::int64())});
  auto e = ParseFilter("x < 3.5 and not x in (1,2) or x/2 > 1", s);
  ASSERT_TRUE(e.ok()) << e.status();
  auto t = ToText(*e);
  ASSERT_TRUE(t.ok()) << t.status();
  EXPECT_EQ(*t, "");
}
}  // namespace headrace::expr
