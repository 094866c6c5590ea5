#include "cli/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Environment, TakesTheVariablesOfTheTable) {
  const auto read = ReadEnvironment(
      {"PATH=/bin", "HEADRACE_PORT=99", "HEADRACE_MEMORY_LIMIT=1=2", "HEADRACE", "BROKEN"});
  ASSERT_EQ(read.settings.size(), 2u);
  EXPECT_EQ(read.settings[0].option->name, "port");
  EXPECT_EQ(read.settings[0].text, "99");
  EXPECT_EQ(read.settings[0].origin, "HEADRACE_PORT");
  EXPECT_EQ(read.settings[1].text, "1=2");
  EXPECT_TRUE(read.warnings.empty());
}

TEST(Environment, AnEmptyValueIsNotSet) {
  EXPECT_TRUE(ReadEnvironment({"HEADRACE_PORT="}).settings.empty());
}

TEST(Environment, AnUnknownVariableIsAWarningWithTheNearestName) {
  const auto read = ReadEnvironment({"HEADRACE_XYZZY_QUUX=1", "HEADRACE_PROT=1"});
  EXPECT_TRUE(read.settings.empty());
  EXPECT_THAT(read.warnings, ElementsAre(HasSubstr("did you mean HEADRACE_PORT?"),
                                         HasSubstr("HEADRACE_XYZZY_QUUX is ignored")));
}

}  // namespace
}  // namespace headrace::cli
