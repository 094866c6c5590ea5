#include "headrace/timeframe.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace {
namespace {

TEST(Timeframe, IsReadInAllItsSpellings) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"1m", "1m"},          {"5min", "5m"}, {"15 minutes", "15m"},  {"minute", "1m"},
      {"30 Minutes", "30m"}, {"2h", "2h"},   {"hour", "1h"},         {"4 hours", "4h"},
      {"1d", "1d"},          {"day", "1d"},  {"1w", "1w"},           {"1mo", "1mo"},
      {"3 months", "3mo"},   {"30s", "30s"}, {"90s", "90s"},         {"120s", "2m"},
      {"60m", "1h"},         {"24h", "1d"},  {"1440 minutes", "1d"}, {" 5m ", "5m"},
      {"1M", "1m"},          {"7d", "7d"},
  };
  for (const auto& [text, expected] : cases) {
    const auto frame = ParseTimeframe(text);
    ASSERT_TRUE(frame.ok()) << text << ": " << frame.status();
    EXPECT_EQ(frame->ToString(), expected) << text;
  }
}

TEST(Timeframe, RefusesWhatIsNone) {
  for (const char* text : {"", "5", "0m", "-5m", "5x", "m5", "5 m m", "1.5h", "36h", "999999999m",
                           "99999999999999999999m"}) {
    const auto frame = ParseTimeframe(text);
    ASSERT_FALSE(frame.ok()) << text;
    EXPECT_EQ(CodeOf(frame.status()), ErrorCode::kInvalidArgument) << text;
  }
  EXPECT_NE(ParseTimeframe("5 minuts").status().message().find("'minut"), std::string::npos);
}

TEST(Timeframe, NestsWhereNothingIsLeftOver) {
  const auto nests = [](const char* finer, const char* coarser) {
    return Nests(*ParseTimeframe(finer), *ParseTimeframe(coarser));
  };
  EXPECT_TRUE(nests("1m", "5m"));
  EXPECT_TRUE(nests("5m", "5m"));
  EXPECT_TRUE(nests("7m", "21m"));
  EXPECT_TRUE(nests("7m", "1d"));
  EXPECT_TRUE(nests("4h", "1mo"));
  EXPECT_TRUE(nests("1d", "1w"));
  EXPECT_TRUE(nests("1mo", "3mo"));
  EXPECT_FALSE(nests("2m", "5m"));
  EXPECT_FALSE(nests("5m", "1m"));
  EXPECT_FALSE(nests("1w", "1mo"));
  EXPECT_FALSE(nests("2d", "1w"));
  EXPECT_FALSE(nests("1d", "1h"));
}

TEST(Timeframe, DatesAndTimesOfDay) {
  EXPECT_EQ(*ParseDate("1970-01-01"), 0);
  EXPECT_EQ(*ParseDate("2024-11-29"), 20056);
  EXPECT_EQ(*ParseTimeOfDay("09:30"), 34200);
  EXPECT_EQ(*ParseTimeOfDay("24:00"), 86400);
  EXPECT_EQ(*ParseTimeOfDay("15:59:59"), 57599);
  for (const char* bad : {"2024-02-30", "2024-1-01", "x", "2024-13-01"}) {
    EXPECT_FALSE(ParseDate(bad).ok()) << bad;
  }
  for (const char* bad : {"24:01", "9:30", "09:60", "09.30", ""}) {
    EXPECT_FALSE(ParseTimeOfDay(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace headrace
