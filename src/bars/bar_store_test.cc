#include "headrace/bar_store.h"

#include <cmath>
#include <filesystem>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "bars/bar_feed_test.h"
#include "headrace/error_code.h"
#include "testing/temporary_folder.h"

namespace headrace::bars {
namespace {

const BarKey kKey{.symbol = "ES"};
const Timeframe kOne = Timeframe::Minutes(1);
const Timeframe kFive = Timeframe::Minutes(5);
const int64_t kStart = Utc("2024-01-02", "00:00");

class BarStoreTest : public ::testing::Test {
 protected:
  std::shared_ptr<BarStore> Make(BarStoreOptions options = {}) {
    auto store = BarStore::Make(std::move(options), &budget_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *store;
  }
  MemoryBudget budget_{int64_t{1} << 30};
};

using Bars =
    std::vector<std::vector<double>>;  // minutes after kStart, open, high, low, close, volume

std::shared_ptr<arrow::RecordBatch> BatchOfBars(const Bars& bars) {
  arrow::Int64Builder time;
  std::vector<arrow::DoubleBuilder> columns(5);
  for (const auto& bar : bars) {
    EXPECT_TRUE(time.Append(kStart + static_cast<int64_t>(bar[0] * 60) * kSecond).ok());
    for (size_t i = 0; i < 5; ++i) EXPECT_TRUE(columns[i].Append(bar[i + 1]).ok());
  }
  arrow::FieldVector fields = {arrow::field("ts", arrow::int64())};
  arrow::ArrayVector arrays = {time.Finish().ValueOrDie()};
  const char* names[] = {"open", "high", "low", "close", "volume"};
  for (size_t i = 0; i < 5; ++i) {
    fields.push_back(arrow::field(names[i], arrow::float64()));
    arrays.push_back(columns[i].Finish().ValueOrDie());
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(bars.size()), arrays);
}

Result<BarAppendResult> FeedBars(BarStore& store, const Bars& bars, Timeframe frame = kOne) {
  const auto reader = testing::ReaderOf({BatchOfBars(bars)});
  return store.AppendBars(kKey, frame, *reader);
}

TEST_F(BarStoreTest, ABarIsVisibleWhenItHasEnded) {
  const auto store = Make();
  Feed(*store, kKey, {{kStart, 10, 1}, {kStart + 59 * kSecond, 12, 2}});
  EXPECT_EQ(store->Last(kKey, kOne, 5, kStart + kMinute - 1)->size(), 0);
  const auto bar = *store->Last(kKey, kOne, 5, kStart + kMinute);
  ASSERT_EQ(bar.size(), 1);
  EXPECT_EQ(bar.close[0], 12);
  EXPECT_EQ(store->Last(kKey, kFive, 5, kStart + 5 * kMinute - 1)->size(), 0);
  EXPECT_EQ(store->Last(kKey, kFive, 5, kStart + 5 * kMinute)->size(), 1);
  // "Now" is the newest tick: the minute is not over.
  EXPECT_EQ(store->Last(kKey, kOne, 5, kEver)->size(), 0);
}

TEST_F(BarStoreTest, TheFormingBarOnlyOnRequest) {
  const auto store = Make();
  std::vector<Tick> ticks;
  for (int i = 0; i < 90; ++i) ticks.push_back({kStart + i * 10 * kSecond, 100.0 + i, 1});
  Feed(*store, kKey, ticks);
  const auto now = *store->Last(kKey, kFive, 2, kEver, {.forming = true});
  ASSERT_EQ(now.size(), 2);
  EXPECT_TRUE(now.forming);
  EXPECT_EQ(now.start[1], kStart + 10 * kMinute);
  EXPECT_EQ(now.count[1], 30);
  EXPECT_EQ(now.close[1], 189);
  // In the past it is made of the minutes that had ended then.
  const auto past = *store->Last(kKey, kFive, 1, kStart + 7 * kMinute + 1, {.forming = true});
  ASSERT_EQ(past.size(), 1);
  EXPECT_TRUE(past.forming);
  EXPECT_EQ(past.start[0], kStart + 5 * kMinute);
  EXPECT_EQ(past.count[0], 12);
  EXPECT_EQ(past.close[0], 141);
}

TEST_F(BarStoreTest, CountsWhatIsInNoBarAndLosesNothingElse) {
  const double nan = std::nan("");
  const auto store = Make({.watermark_ns = 30 * kSecond});
  const std::vector<Tick> ticks = {
      {kStart, 10, 1},
      {kStart + 60 * kSecond, 11, 1},
      {kStart + 45 * kSecond, 12, 1},  // late, but not too late: closes the first minute
      {kStart + 29 * kSecond, 13, 1},  // too late
      {kStart + 61 * kSecond, nan, 1},
      {kStart + 62 * kSecond, 10, nan},
      {kStart + 63 * kSecond, 10, -1},
      {kStart + 64 * kSecond, std::numeric_limits<double>::infinity(), 1},
      {kStart + 65 * kSecond, -14, 0},  // prices may be negative, volumes zero
      {kStart + 65 * kSecond, -14, 0},  // two trades
      {std::numeric_limits<int64_t>::min() + 1, 10, 1},
      {std::numeric_limits<int64_t>::max(), 10, 1},
  };
  const BarAppendResult counts = Feed(*store, kKey, ticks);
  EXPECT_EQ(counts.appended, 5);
  EXPECT_EQ(counts.late, 1);
  EXPECT_EQ(counts.invalid, 4);
  EXPECT_EQ(counts.out_of_range, 2);
  const auto bars = *store->Last(kKey, kOne, 9, kStart + 2 * kMinute);
  ASSERT_EQ(bars.size(), 2);
  EXPECT_EQ(bars.close[0], 12);
  EXPECT_EQ(bars.count[0], 2);
  EXPECT_EQ(bars.low[1], -14);
  EXPECT_EQ(bars.count[1], 3);
  EXPECT_EQ(store->stats().appended.invalid, 4);
}

TEST_F(BarStoreTest, ABarComesOnce) {
  const auto store = Make();
  EXPECT_EQ(FeedBars(*store, {{0, 1, 4, 1, 2, 10}, {1, 2, 3, 2, 3, 5}})->appended, 2);
  const auto again =
      *FeedBars(*store, {{1, 9, 9, 9, 9, 9}, {2, 3, 3, 3, 3, 1}, {2, 8, 8, 8, 8, 8}});
  EXPECT_EQ(again.appended, 1);
  EXPECT_EQ(again.duplicates, 2);
  const auto odd = *FeedBars(*store, {{3, 5, 4, 3, 3, 1}, {4, 5, 6, 4, 5, -1}});
  EXPECT_EQ(odd.invalid, 2);
  const auto bars = *store->Last(kKey, kOne, 9, kEver);
  ASSERT_EQ(bars.size(), 3);
  EXPECT_EQ(bars.close[1], 3);
  EXPECT_TRUE(std::isnan(bars.vwap[0]));
  EXPECT_EQ(store->Last(kKey, kFive, 1, kStart + 5 * kMinute)->volume[0], 16);
}

TEST_F(BarStoreTest, AllOrNothing) {
  const auto store = Make();
  ASSERT_TRUE(FeedBars(*store, {{0, 1, 4, 1, 2, 10}}).ok());
  const auto before = store->stats();
  const auto off_grid = FeedBars(*store, {{1, 2, 3, 2, 3, 5}, {2.5, 2, 3, 2, 3, 5}});
  EXPECT_EQ(CodeOf(off_grid.status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(store->Last(kKey, kOne, 9, kEver)->size(), 1);
  EXPECT_EQ(store->stats().appended.appended, before.appended.appended);
  // The next one can still come.
  EXPECT_EQ(FeedBars(*store, {{1, 2, 3, 2, 3, 5}})->appended, 1);
}

TEST_F(BarStoreTest, SaysWhatIsWrong) {
  const auto store = Make();
  Feed(*store, kKey, {{kStart, 1, 1}});
  const auto code = [](const auto& result) { return CodeOf(result.status()); };
  EXPECT_EQ(code(store->Last({.symbol = "EQ"}, kOne, 1, kEver)), ErrorCode::kUnknownName);
  EXPECT_EQ(code(store->Last(kKey, Timeframe::Seconds(30), 1, kEver)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(store->Last(kKey, kOne, -1, kEver)), ErrorCode::kInvalidArgument);
  const auto reader = testing::ReaderOf({BatchOf({{kStart, 1, 1}})});
  const auto wrong = store->AppendTicks(kKey, *reader, {.price = "prize"});
  EXPECT_EQ(code(wrong), ErrorCode::kUnknownName);
  EXPECT_NE(wrong.status().message().find("'price'"), std::string::npos);
  EXPECT_EQ(code(BarStore::Make({.zone = "Mars"}, &budget_)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(BarStore::Make({.history_bars = 0}, &budget_)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(BarStore::Make({.spill_directory = "/no/such/folder"}, &budget_)),
            ErrorCode::kIOError);
}

/// Two stores: one that forgets nothing, one with a small window and no memory to speak of.
TEST_F(BarStoreTest, WhatLeftMemoryComesBackTheSame) {
  std::mt19937_64 random(std::random_device{}());
  testing::TemporaryFolder folder;
  const auto whole = Make({.history_bars = 1'000'000});
  auto small = Make({.history_bars = 100,
                     .future_bars = 50,
                     .trim_bars = 20,
                     .memory_cap_bytes = 60'000,
                     .spill_directory = folder.path()});
  const auto ticks = AnyTicks(random, kStart, 30'000);
  Feed(*whole, kKey, ticks);
  Feed(*small, kKey, ticks);
  const int64_t last = ticks.back().time;
  const auto kept = *small->Last(kKey, kOne, 90, last);
  const std::vector<double> closes(kept.close.begin(), kept.close.end());
  int64_t at = kStart;
  for (int i = 0; i < 120; ++i) {
    const auto frame = i % 3 == 0 ? kOne : i % 3 == 1 ? kFive : Timeframe::Days(1);
    at = i < 60 ? at + 37 * kMinute
                : kStart + static_cast<int64_t>(random() % static_cast<uint64_t>(last - kStart));
    ASSERT_TRUE(SameSlices(*whole->Last(kKey, frame, 80, at), *small->Last(kKey, frame, 80, at)))
        << i;
  }
  const int64_t month = 30 * kDayNs;
  ASSERT_TRUE(SameSlices(*whole->Range(kKey, kOne, kStart, kStart + month, kEver),
                         *small->Range(kKey, kOne, kStart, kStart + month, kEver)));
  EXPECT_TRUE(std::equal(closes.begin(), closes.end(), kept.close.begin()));
  const auto stats = small->stats();
  EXPECT_GT(stats.misses, 0);
  EXPECT_GT(stats.evictions, 0);
  EXPECT_GT(stats.frames.front().spilled_rows, 1000);
  EXPECT_EQ(stats.failed_spills, 0);
  EXPECT_EQ(stats.frames.front().rows, whole->stats().frames.front().rows);
  small.reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// A year of minutes, read as a backtest does.
TEST_F(BarStoreTest, ABacktestStaysInItsWindow) {
  const auto store = Make({.history_bars = 500, .future_bars = 200, .trim_bars = 100});
  std::vector<Tick> ticks;
  for (int i = 0; i < 50'000; ++i) {
    ticks.push_back({kStart + i * kMinute, 100 + std::sin(i), 1.0 + i % 7});
  }
  Feed(*store, kKey, ticks);
  int64_t most = 0;
  for (int i = 300; i < 50'000; i += 3) {
    const int64_t at = kStart + i * kMinute;
    const auto bars = *store->Last(kKey, kOne, 20, at);
    ASSERT_EQ(bars.size(), 20);
    ASSERT_EQ(bars.end[19], at);
    const auto fives = *store->Last(kKey, kFive, 20, at);
    ASSERT_EQ(fives.size(), 20);
    ASSERT_EQ(fives.end[19], at - at % (5 * kMinute));
    most = std::max(most, store->stats().bytes);
  }
  const auto stats = store->stats();
  EXPECT_LT(most, 2'000'000);
  EXPECT_GT(static_cast<double>(stats.hits), 0.98 * static_cast<double>(stats.hits + stats.misses));
}

TEST_F(BarStoreTest, NoShorterThanTheLongestLookBack) {
  const auto store = Make({.history_bars = 10, .trim_bars = 1});
  std::vector<Tick> ticks;
  for (int i = 0; i < 100; ++i) ticks.push_back({kStart + i * kMinute, 100, 1});
  Feed(*store, kKey, ticks);
  ASSERT_EQ(store->Last(kKey, kOne, 80, kEver)->size(), 80);
  for (int i = 100; i < 300; ++i) {
    ASSERT_TRUE(store->AppendTick(kKey, kStart + i * kMinute, 100, 1).ok());
  }
  const int64_t misses = store->stats().misses;
  EXPECT_EQ(store->Last(kKey, kOne, 80, kEver)->size(), 80);
  EXPECT_EQ(store->stats().misses, misses);
}

TEST_F(BarStoreTest, GapsAsAsked) {
  const auto store = Make();
  Feed(*store, kKey,
       {{kStart, 10, 1}, {kStart + 3 * kMinute, 11, 1}, {kStart + 4 * kMinute, 1, 1}});
  const int64_t at = kStart + 4 * kMinute;
  EXPECT_EQ(store->Last(kKey, kOne, 9, at)->size(), 2);
  const auto null = *store->Last(kKey, kOne, 9, at, {.gaps = GapFill::kNull});
  ASSERT_EQ(null.size(), 4);
  EXPECT_TRUE(std::isnan(null.close[1]));
  EXPECT_EQ(null.volume[1], 0);
  const auto batch = *store->ToArrow(null, kKey);
  EXPECT_EQ(batch->GetColumnByName("close")->null_count(), 2);
  EXPECT_EQ(batch->GetColumnByName("volume")->null_count(), 0);
  const auto filled = *store->Last(kKey, kOne, 2, at, {.gaps = GapFill::kPrevious});
  ASSERT_EQ(filled.size(), 2);
  EXPECT_EQ(filled.start[0], kStart + 2 * kMinute);
  EXPECT_EQ(filled.close[0], 10);
  EXPECT_EQ(filled.close[1], 11);
}

TEST_F(BarStoreTest, ManySeriesInOneCall) {
  const auto store = Make({.zone = "America/New_York"});
  const BarKey other{.symbol = "NQ"};
  Feed(*store, kKey, {{kStart, 10, 1}, {kStart + kMinute, 11, 1}});
  Feed(*store, other, {{kStart + kMinute, 20, 2}});
  const std::vector<BarKey> keys = {kKey, other};
  const auto slices = *store->Last(keys, kOne, 1, kStart + kMinute);
  EXPECT_EQ(slices[0].size(), 1);
  EXPECT_EQ(slices[1].size(), 0);
  const std::vector<int64_t> times = {kStart + kMinute, kStart + 2 * kMinute};
  const auto rows = *store->AsOf(keys, kOne, times);
  ASSERT_EQ(rows->num_rows(), 4);
  const auto& close = static_cast<const arrow::DoubleArray&>(*rows->GetColumnByName("close"));
  EXPECT_EQ(close.Value(0), 10);
  EXPECT_TRUE(close.IsNull(1));
  EXPECT_EQ(close.Value(2), 11);
  EXPECT_EQ(close.Value(3), 20);
  EXPECT_EQ(**store->LastPrice(kKey, kStart + kMinute), 10);
  EXPECT_FALSE(store->LastPrice(other, kStart)->has_value());
}

TEST_F(BarStoreTest, MixedTimeframesOfOneSymbol) {
  const auto store = Make();
  ASSERT_TRUE(FeedBars(*store, {{0, 1, 1, 1, 1, 1}}, kOne).ok());
  ASSERT_TRUE(FeedBars(*store, {{0, 1, 9, 1, 5, 7}}, Timeframe::Days(1)).ok());
  EXPECT_EQ(store->Last(kKey, Timeframe::Days(1), 1, kStart + kDayNs)->high[0], 9);
  EXPECT_EQ(store->Last(kKey, Timeframe::Hours(1), 1, kStart + kDayNs)->high[0], 1);
}

TEST_F(BarStoreTest, IsASource) {
  const auto store = Make();
  Feed(*store, kKey, {{kStart, 10, 1}, {kStart + 7 * kMinute, 11, 1}, {kStart + kDayNs, 1, 1}});
  const auto source = *store->MakeSource(kKey, kFive);
  auto opened = *source->Open({});
  EXPECT_EQ((*opened.reader->ToTable())->num_rows(), 2);
  EXPECT_FALSE(store->MakeSource({.symbol = "no"}, kFive).ok());
}

TEST_F(BarStoreTest, RefusesWhatTheBudgetDoesNotHold) {
  MemoryBudget tiny(200'000);
  const auto store = *BarStore::Make({}, &tiny);
  std::vector<Tick> ticks;
  for (int i = 0; i < 20'000; ++i) ticks.push_back({kStart + i * kMinute, 100, 1});
  const auto reader = testing::ReaderOf({BatchOf(ticks)});
  const auto refused = store->AppendTicks(kKey, *reader);
  EXPECT_EQ(CodeOf(refused.status()), ErrorCode::kMemoryLimit);
  EXPECT_EQ(store->stats().appended.appended, 0);
  EXPECT_EQ(Feed(*store, kKey, {ticks.begin(), ticks.begin() + 100}).appended, 100);
}

}  // namespace
}  // namespace headrace::bars
