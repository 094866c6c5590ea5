#include "cli/log.h"

#include <sstream>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace::cli {
namespace {

using ::testing::EndsWith;
using ::testing::MatchesRegex;

constexpr std::string_view kTime =
    "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z";

TEST(Log, LogfmtQuotesOnlyWhatNeedsIt) {
  std::ostringstream out;
  Log log(LogLevel::kInfo, LogFormat::kLogfmt, &out);
  log.Info("listening", {{"url", "http://x:1"}, {"note", "a \"b\"\n"}, {"n", 3}, {"on", true}});
  EXPECT_THAT(out.str(),
              MatchesRegex("ts=" + std::string(kTime) +
                           " level=info msg=listening url=http://x:1 note=\"a \\\\\"b\\\\\"\\\\n\""
                           " n=3 on=true\n"));
}

TEST(Log, JsonIsOneObjectALine) {
  std::ostringstream out;
  Log log(LogLevel::kInfo, LogFormat::kJson, &out);
  log.Warn("it is {so}", {{"path", "a\\b\x01"}, {"seconds", 0.5}, {"off", false}});
  EXPECT_THAT(out.str(),
              EndsWith("\"level\":\"warn\",\"msg\":\"it is {so}\",\"path\":\"a\\\\b\\u0001\","
                       "\"seconds\":0.5,\"off\":false}\n"));
  EXPECT_EQ(out.str().front(), '{');
}

TEST(Log, LinesBelowTheLevelAreLeftOut) {
  std::ostringstream out;
  Log log(LogLevel::kWarn, LogFormat::kLogfmt, &out);
  log.Info("no");
  EXPECT_TRUE(out.str().empty());
  EXPECT_FALSE(log.Writes(LogLevel::kInfo));
  log.Error("yes");
  EXPECT_THAT(out.str(), EndsWith("level=error msg=yes\n"));
  Log off(LogLevel::kOff, LogFormat::kLogfmt, &out);
  EXPECT_FALSE(off.Writes(LogLevel::kError));
}

TEST(Log, LinesOfManyThreadsDoNotMix) {
  std::ostringstream out;
  Log log(LogLevel::kInfo, LogFormat::kLogfmt, &out);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log] {
      for (int i = 0; i < 100; ++i) log.Info("a line", {{"text", "some text"}});
    });
  }
  for (auto& thread : threads) thread.join();
  std::istringstream lines(out.str());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_THAT(line, EndsWith(" level=info msg=\"a line\" text=\"some text\""));
  }
  EXPECT_EQ(count, 400);
}

}  // namespace
}  // namespace headrace::cli
