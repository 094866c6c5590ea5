#include "cli/demo_feed.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <vector>

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "cli/log.h"
#include "cli/made_up_flights.h"
#include "headrace/error_code.h"
#include "headrace/live_window.h"
#include "headrace/memory_budget.h"

namespace headrace::cli {
namespace {

using ::testing::HasSubstr;
using testing::MadeUpFlights;
using Clock = std::chrono::steady_clock;

constexpr int64_t kMinuteUs = 60'000'000;
constexpr double kFastest = 1e9;

std::vector<int64_t> Minutes(int64_t n) {
  std::vector<int64_t> times_us;
  for (int64_t i = 0; i < n; ++i) times_us.push_back(i * kMinuteUs);
  return times_us;
}

/// Waits, bounded, for what another thread does.
bool Eventually(const std::function<bool()>& happened) {
  const auto deadline = Clock::now() + std::chrono::seconds(20);
  while (!happened()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

class DemoFeedTest : public ::testing::Test {
 protected:
  std::unique_ptr<DemoFeed> Make(const MadeUpFlights& file, int64_t window, double speed) {
    auto feed = DemoFeed::Make({.path = file.path(),
                                .buffer = "flights",
                                .window_size = window,
                                .speed = speed,
                                .tick = std::chrono::milliseconds(1)},
                               &catalog_, &log_);
    EXPECT_TRUE(feed.ok()) << feed.status();
    return feed.ok() ? std::move(*feed) : nullptr;
  }

  std::shared_ptr<LiveWindow> Flights() { return catalog_.FindBuffer("flights").ValueOrDie(); }

  int64_t LastDelay() {
    const auto row = Flights()->Read(1).ValueOrDie();
    return static_cast<const arrow::Int64Array&>(*row->GetColumnByName("delay")).Value(0);
  }

  MemoryBudget budget_{256 << 20};
  catalog::Catalog catalog_{&budget_};
  std::ostringstream lines_;  // read only once the feed has ended
  Log log_{LogLevel::kInfo, LogFormat::kLogfmt, &lines_};
};

TEST_F(DemoFeedTest, TheWindowIsFullBeforeTheClockRuns) {
  const MadeUpFlights file(Minutes(500), 64);
  const auto feed = Make(file, 100, 1);
  ASSERT_NE(feed, nullptr);
  EXPECT_EQ(Flights()->stats().size, 100);
  EXPECT_EQ(LastDelay(), 99);
  const auto features = Flights()->Features({}, 1).ValueOrDie();
  const auto mean = features->GetColumnByName("delay_rolling_mean_5");
  ASSERT_NE(mean, nullptr);
  EXPECT_EQ(static_cast<const arrow::DoubleArray&>(*mean).Value(0), 97);
}

TEST_F(DemoFeedTest, AFileShorterThanTheWindowIsTakenWhole) {
  const MadeUpFlights file(Minutes(7));
  const auto feed = Make(file, 100, 1);
  EXPECT_EQ(Flights()->stats().size, 7);
}

TEST_F(DemoFeedTest, RowsComeInOrderAndTheReplayBeginsAnew) {
  const MadeUpFlights file(Minutes(300), 64);
  auto feed = Make(file, 100, kFastest);
  feed->Start();
  ASSERT_TRUE(Eventually([&] { return Flights()->stats().append_count > 650; }));
  feed.reset();
  EXPECT_THAT(lines_.str(), HasSubstr("msg=\"demo feed begins anew\" buffer=flights rows=300"));
  const auto rows = Flights()->Read().ValueOrDie();
  const auto column = rows->GetColumnByName("delay");
  const auto& delays = static_cast<const arrow::Int64Array&>(*column);
  for (int64_t i = 1; i < delays.length(); ++i) {
    ASSERT_EQ(delays.Value(i), (delays.Value(i - 1) + 1) % 300);
  }
}

TEST_F(DemoFeedTest, StopsPromptlyWhileItWaitsForTheNextRow) {
  const MadeUpFlights file(Minutes(300));
  auto feed = DemoFeed::Make({.path = file.path(),
                              .buffer = "flights",
                              .window_size = 10,
                              .speed = 0.001,
                              .tick = std::chrono::hours(1)},
                             &catalog_, &log_)
                  .ValueOrDie();
  feed->Start();
  const auto start = Clock::now();
  feed.reset();
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
  // The first row of the replay is due at once, the next one an hour of waiting away.
  EXPECT_LE(Flights()->stats().append_count, 11);
}

TEST_F(DemoFeedTest, EndsWhenTheBufferIsDeleted) {
  const MadeUpFlights file(Minutes(300));
  auto feed = Make(file, 10, kFastest);
  ASSERT_TRUE(catalog_.DropBuffer("flights").ok());
  feed->Start();
  // Joins the thread, which must have met the missing buffer or been stopped before it looked.
  feed.reset();
  EXPECT_EQ(catalog_.num_buffers(), 0);
}

TEST_F(DemoFeedTest, ANameThatIsTakenIsRefused) {
  const MadeUpFlights file(Minutes(3));
  ASSERT_TRUE(catalog_.CreateBuffer({.name = "flights"}).ok());
  const auto feed = DemoFeed::Make({.path = file.path()}, &catalog_, &log_);
  ASSERT_FALSE(feed.ok());
  EXPECT_EQ(CodeOf(feed.status()), ErrorCode::kNameExists);
}

TEST(FindDemoData, LooksInEachCheckout) {
  namespace fs = std::filesystem;
  const fs::path root =
      fs::temp_directory_path() / ("headrace-demo-data-" + std::to_string(getpid()));
  const fs::path data = root / "node_modules/vega-datasets/data/flights-3m.parquet";
  const std::vector<std::string> checkouts = {root / "no", root};
  const auto absent = FindDemoData("", checkouts);
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(CodeOf(absent.status()), ErrorCode::kIOError);
  EXPECT_THAT(absent.status().message(), HasSubstr("npm install vega-datasets@3.2.1"));
  fs::create_directories(data.parent_path());
  std::ofstream(data) << "x";
  EXPECT_EQ(FindDemoData("", checkouts).ValueOr(""), data.string());
  EXPECT_EQ(FindDemoData(data, {}).ValueOr(""), data.string());
  EXPECT_EQ(CodeOf(FindDemoData(root / "no", checkouts).status()), ErrorCode::kIOError);
  fs::remove_all(root);
}

}  // namespace
}  // namespace headrace::cli
