#include "cli/log.h"

#include <sstream>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>

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
  log.events()->info("no");
  EXPECT_EQ(out.str(), "");
  log.Warn("yes");
  EXPECT_THAT(out.str(), EndsWith("level=warn msg=yes\n"));
  Log off(LogLevel::kOff, LogFormat::kLogfmt, &out);
  out.str("");
  off.Write(LogLevel::kError, "no");
  off.events()->error("no");
  EXPECT_EQ(out.str(), "");
}

TEST(Log, EventsOfOtherLayersBecomeFields) {
  std::ostringstream out;
  Log log(LogLevel::kDebug, LogFormat::kLogfmt, &out);
  log.events()->debug("http request method=GET target=/a?b=c body={\"x\": 1}\n ms=0.5");
  EXPECT_THAT(out.str(), EndsWith(" level=debug msg=\"http request\" method=GET target=\"/a?b=c\" "
                                  "body=\"{\\\"x\\\": 1}\\n\" ms=0.5\n"));
  std::ostringstream json_out;
  Log json(LogLevel::kDebug, LogFormat::kJson, &json_out);
  json.events()->error("http status=500 id=007 body=a b ms=0.5");
  EXPECT_THAT(json_out.str(), EndsWith("\"level\":\"error\",\"msg\":\"http\",\"status\":500,"
                                       "\"id\":\"007\",\"body\":\"a b\",\"ms\":0.5}\n"));
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
