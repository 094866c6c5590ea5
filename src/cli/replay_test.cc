#include "cli/replay.h"

#include <filesystem>
#include <fstream>
#include <limits>

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/made_up_flights.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MadeUpFlights;

constexpr int64_t kAnyTime = std::numeric_limits<int64_t>::max();
constexpr int64_t kMinuteUs = 60'000'000;
constexpr int64_t kSecondNs = 1'000'000'000;

class ReplayTest : public ::testing::Test {
 protected:
  std::unique_ptr<Replay> Open(const std::string& path) {
    auto replay = Replay::Open(path, &budget_);
    EXPECT_TRUE(replay.ok()) << replay.status();
    return replay.ok() ? std::move(*replay) : nullptr;
  }

  ErrorCode RefusalOf(const std::string& path) {
    const auto replay = Replay::Open(path, &budget_);
    EXPECT_FALSE(replay.ok());
    return replay.ok() ? ErrorCode::kInternal : CodeOf(replay.status());
  }

  /// The delays, which are row numbers, of what is taken.
  static std::vector<int64_t> Take(Replay* replay, int64_t now_ns, int64_t limit = 1'000'000) {
    const auto rows = replay->TakeDue(now_ns, limit);
    EXPECT_TRUE(rows.ok()) << rows.status();
    if (!rows.ok() || *rows == nullptr) return {};
    const auto delays = (*rows)->GetColumnByName("delay");
    const auto& values = static_cast<const arrow::Int64Array&>(*delays);
    std::vector<int64_t> taken;
    for (int64_t i = 0; i < values.length(); ++i) taken.push_back(values.Value(i));
    return taken;
  }

  MemoryBudget budget_{64 << 20};
};

TEST_F(ReplayTest, GivesRowsWhenTheyAreDue) {
  const MadeUpFlights file({0, kMinuteUs, 5 * kMinuteUs});
  const auto replay = Open(file.path());
  EXPECT_EQ(replay->num_rows(), 3);
  EXPECT_THAT(Take(replay.get(), -1), ElementsAre());
  EXPECT_THAT(Take(replay.get(), 0), ElementsAre(0));
  EXPECT_EQ(*replay->NextDueNs().ValueOrDie(), 60 * kSecondNs);
  EXPECT_THAT(Take(replay.get(), 60 * kSecondNs - 1), ElementsAre());
  EXPECT_THAT(Take(replay.get(), kAnyTime), ElementsAre(1, 2));
  EXPECT_EQ(replay->NextDueNs().ValueOrDie(), std::nullopt);
  EXPECT_THAT(Take(replay.get(), kAnyTime), ElementsAre());
}

TEST_F(ReplayTest, SpreadsRowsOfOneTime) {
  const MadeUpFlights file({0, 0, 0, 0, 20'000'000, 20'000'000, 30 * kMinuteUs});
  const auto replay = Open(file.path());
  EXPECT_THAT(Take(replay.get(), 0), ElementsAre(0));
  EXPECT_THAT(Take(replay.get(), 5 * kSecondNs), ElementsAre(1));
  EXPECT_THAT(Take(replay.get(), 15 * kSecondNs), ElementsAre(2, 3));
  EXPECT_THAT(Take(replay.get(), 20 * kSecondNs), ElementsAre(4));
  EXPECT_THAT(Take(replay.get(), 50 * kSecondNs - 1), ElementsAre());
  EXPECT_THAT(Take(replay.get(), 50 * kSecondNs), ElementsAre(5));
}

TEST_F(ReplayTest, KeepsToTheLimit) {
  const MadeUpFlights file({0, 1, 2, 3});
  const auto replay = Open(file.path());
  EXPECT_THAT(Take(replay.get(), kAnyTime, 3), ElementsAre(0, 1, 2));
  EXPECT_THAT(Take(replay.get(), kAnyTime, 3), ElementsAre(3));
}

TEST_F(ReplayTest, GoesThroughAllRowGroupsAndBeginsAnew) {
  std::vector<int64_t> times;
  for (int64_t i = 0; i < 10'000; ++i) times.push_back(i / 3 * kMinuteUs);
  const MadeUpFlights file(times, 777);
  const auto replay = Open(file.path());
  for (int round = 0; round < 2; ++round) {
    int64_t next = 0;
    for (auto taken = Take(replay.get(), kAnyTime); !taken.empty();
         taken = Take(replay.get(), kAnyTime)) {
      EXPECT_EQ(taken.front(), next);
      next = taken.back() + 1;
    }
    EXPECT_EQ(next, 10'000);
    ASSERT_TRUE(replay->Rewind().ok());
  }
}

TEST_F(ReplayTest, RefusesRowsOutOfTimeOrder) {
  const MadeUpFlights within({2, 1});
  EXPECT_EQ(RefusalOf(within.path()), ErrorCode::kBadConfig);
  const MadeUpFlights null({1, MadeUpFlights::kNull});
  EXPECT_EQ(RefusalOf(null.path()), ErrorCode::kBadConfig);
  std::vector<int64_t> times(5000, 7);
  times.back() = 6;
  const MadeUpFlights between(times, 4999);
  const auto replay = Open(between.path());
  Status status;
  for (int i = 0; i < 10 && status.ok(); ++i) status = replay->TakeDue(kAnyTime, 5000).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kBadConfig);
  EXPECT_THAT(status.message(), HasSubstr("row 4999"));
}

TEST_F(ReplayTest, RefusesWhatIsNoReplay) {
  EXPECT_EQ(RefusalOf("/no/such.parquet"), ErrorCode::kIOError);
  const MadeUpFlights empty(std::vector<int64_t>{});
  EXPECT_EQ(RefusalOf(empty.path()), ErrorCode::kBadConfig);
  const auto text = std::filesystem::temp_directory_path() /
                    ("headrace-replay-" + std::to_string(getpid()) + ".txt");
  std::ofstream(text) << "this is no Parquet file, not by far";
  EXPECT_EQ(RefusalOf(text), ErrorCode::kBadConfig);
  std::filesystem::remove(text);
}

}  // namespace
}  // namespace headrace::cli
