#include "base/trim.h"

#include <gtest/gtest.h>

namespace headrace::base {
namespace {

TEST(Trim, TakesWhatIsSpaceOffTheEnds) {
  EXPECT_EQ(Trim(" \t a b\n "), "a b");
  EXPECT_EQ(Trim(" \t a b\n ", kBlanks), "a b\n");
  EXPECT_EQ(TrimEnd(" a\r\n"), " a");
  EXPECT_EQ(Trim("a"), "a");
  EXPECT_EQ(Trim(" \t "), "");
  EXPECT_EQ(Trim(""), "");
}

}  // namespace
}  // namespace headrace::base
