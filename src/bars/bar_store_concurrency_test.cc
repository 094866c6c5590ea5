#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "bars/bar_feed_test.h"

namespace headrace::bars {
namespace {

const BarKey kKey{.symbol = "ES"};

double SumOf(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

void Read(BarStore& store, unsigned seed, const std::atomic<bool>& done, int64_t start) {
  std::mt19937_64 random(seed);
  const Timeframe frames[] = {Timeframe::Minutes(1), Timeframe::Minutes(5), Timeframe::Hours(1)};
  std::vector<std::pair<BarSlice, double>> held;
  for (int rounds = 0; !done || rounds < 20; ++rounds) {
    const int64_t at = start + static_cast<int64_t>(random() % 500) * kMinute;
    const Timeframe frame = frames[random() % 3];
    const auto slice = store.Last(kKey, frame, static_cast<int64_t>(random() % 50), at,
                                  {.forming = random() % 4 == 0});
    ASSERT_TRUE(slice.ok()) << slice.status();
    for (size_t i = 0; i < slice->start.size(); ++i) {
      ASSERT_TRUE(slice->end[i] <= at || (slice->forming && i + 1 == slice->start.size()));
      ASSERT_TRUE(i == 0 || slice->start[i] >= slice->end[i - 1]);
      ASSERT_GE(slice->high[i], slice->low[i]);
    }
    if (random() % 8 == 0) held.emplace_back(*slice, SumOf(slice->close));
    if (held.size() > 20) held.erase(held.begin());
  }
  for (const auto& [slice, sum] : held) EXPECT_EQ(SumOf(slice.close), sum);
}

TEST(BarStoreConcurrency, ReadersSeeWholeBarsAndKeepWhatTheyHold) {
  MemoryBudget budget(int64_t{1} << 30);
  const auto store = *BarStore::Make({.watermark_ns = kMinute,
                                      .history_bars = 60,
                                      .future_bars = 20,
                                      .trim_bars = 20,
                                      .memory_cap_bytes = 50'000},
                                     &budget);
  const int64_t start = Utc("2024-01-02", "00:00");
  ASSERT_TRUE(store->AppendTick(kKey, start, 1, 1).ok());
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (unsigned i = 0; i < 3; ++i) {
    readers.emplace_back([&, i] { Read(*store, i, done, start); });
  }
  int64_t time = start;
  std::mt19937_64 random(7);
  for (int i = 0; i < 500; ++i) {
    time += static_cast<int64_t>(random() % static_cast<uint64_t>(2 * kMinute));
    const int64_t late = time - static_cast<int64_t>(random() % 30) * kSecond;
    if (i % 10 == 0) {
      Feed(*store, kKey, {{late, 2, 1}, {time, 3, 1}});
    } else {
      ASSERT_TRUE(store->AppendTick(kKey, time, 100 + i % 9, 1).ok());
    }
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(store->stats().appended.appended, 501 + 50);
}

}  // namespace
}  // namespace headrace::bars
