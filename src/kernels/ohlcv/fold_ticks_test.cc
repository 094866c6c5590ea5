#include "kernels/ohlcv/fold_ticks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "kernels/rolling/simd_targets_test.h"

namespace headrace::kernels {
namespace {

struct OwnedTicks {
  std::vector<int64_t> time;
  std::vector<double> price;
  std::vector<double> volume;
  TickColumns columns() const {
    return {time.data(), price.data(), volume.data(), static_cast<int64_t>(time.size())};
  }
  void Add(int64_t t, double p, double v) {
    time.push_back(t);
    price.push_back(p);
    volume.push_back(v);
  }
};

class OwnedBars {
 public:
  explicit OwnedBars(size_t rows) : integers_(3, std::vector<int64_t>(rows)) {
    doubles_.assign(9, std::vector<double>(rows));
  }
  BarColumns columns() {
    return {.start = integers_[0].data(),
            .end = integers_[1].data(),
            .open = doubles_[0].data(),
            .high = doubles_[1].data(),
            .low = doubles_[2].data(),
            .close = doubles_[3].data(),
            .volume = doubles_[4].data(),
            .vwap = doubles_[5].data(),
            .count = integers_[2].data(),
            .volume_rest = doubles_[6].data(),
            .turnover = doubles_[7].data(),
            .turnover_rest = doubles_[8].data()};
  }

 private:
  std::vector<std::vector<int64_t>> integers_;
  std::vector<std::vector<double>> doubles_;
};

struct NaiveBar {
  int64_t end = 0;
  double open = 0, high = 0, low = 0, close = 0;
  long double volume = 0, turnover = 0;
  int64_t count = 0;
};

std::map<int64_t, NaiveBar> Naive(const OwnedTicks& ticks, const TimeGrid& grid) {
  std::map<int64_t, NaiveBar> bars;
  for (size_t i = 0; i < ticks.time.size(); ++i) {
    const double p = ticks.price[i];
    const double v = ticks.volume[i];
    if (ticks.time[i] >= grid.end || !std::isfinite(p) || !std::isfinite(v) || v < 0) continue;
    const int64_t k = (ticks.time[i] - grid.anchor) / grid.every;
    const int64_t start = std::max(grid.begin, grid.anchor + k * grid.every);
    NaiveBar& bar = bars[start];
    bar.end = std::min(grid.end, grid.anchor + (k + 1) * grid.every);
    if (bar.count++ == 0) bar.open = bar.high = bar.low = p;
    bar.high = std::max(bar.high, p);
    bar.low = std::min(bar.low, p);
    bar.close = p;
    bar.volume += v;
    bar.turnover += static_cast<long double>(p * v);
  }
  return bars;
}

// Prices are multiples of 1/64 below 2^10, volumes of 1/1024 below 2^6: a long double holds all
// sums of some thousand of them, so that the oracle is exact and equality can be asked for.
OwnedTicks AnyTicks(int rows, int kinds, int64_t longest_gap) {
  OwnedTicks ticks;
  int64_t time = *rc::gen::inRange(0, 100);
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  for (int i = 0; i < rows; ++i) {
    time += static_cast<int64_t>(random() % static_cast<uint64_t>(longest_gap + 1));
    double price = static_cast<double>(static_cast<int64_t>(random() % 131072) - 65536) / 64;
    double volume = static_cast<double>(random() % 65536) / 1024;
    switch (random() % static_cast<uint64_t>(kinds)) {
      case 0: price = std::nan(""); break;
      case 1: volume = std::nan(""); break;
      case 2: volume = -1; break;
      case 3: price = -std::numeric_limits<double>::infinity(); break;
      case 4: volume = std::numeric_limits<double>::infinity(); break;
      case 5: price = std::numeric_limits<double>::infinity(), volume = 0; break;
      default: break;
    }
    ticks.Add(time, price, volume);
  }
  return ticks;
}

void EqualsTheLoop() {
  const int rows = *rc::gen::elementOf(std::vector<int>{0, 1, 2, 7, 33, 200, 3000, 9000});
  const int kinds = *rc::gen::elementOf(std::vector<int>{7, 60, 1'000'000});
  const auto gap = *rc::gen::elementOf(std::vector<int64_t>{0, 1, 3, 40});
  const OwnedTicks ticks = AnyTicks(rows, kinds, gap);
  const TimeGrid grid{.begin = 0,
                      .end = *rc::gen::inRange<int64_t>(200, 100'000),
                      .anchor = -*rc::gen::inRange<int64_t>(0, 50),
                      .every = *rc::gen::elementOf(std::vector<int64_t>{1, 7, 60, 5000, 50'000})};
  const auto capacity = *rc::gen::elementOf(std::vector<int64_t>{1, 3, 10'000});
  const auto expected = Naive(ticks, grid);

  OwnedBars found(10'000);
  TickColumns rest = ticks.columns();
  auto next = expected.begin();
  while (rest.size > 0) {
    const FoldedTicks done = FoldTicks(rest, grid, found.columns(), capacity);
    RC_ASSERT(done.bars <= capacity);
    for (int64_t i = 0; i < done.bars; ++i, ++next) {
      RC_ASSERT(next != expected.end());
      const BarRow bar = found.columns().Load(i);
      RC_ASSERT(bar.start == next->first);
      RC_ASSERT(bar.end == next->second.end);
      RC_ASSERT(bar.open == next->second.open);
      RC_ASSERT(bar.high == next->second.high);
      RC_ASSERT(bar.low == next->second.low);
      RC_ASSERT(bar.close == next->second.close);
      RC_ASSERT(bar.count == next->second.count);
      RC_ASSERT(bar.volume.value == static_cast<double>(next->second.volume));
      RC_ASSERT(bar.turnover.value == static_cast<double>(next->second.turnover));
      const double vwap = bar.turnover.value / bar.volume.value;
      RC_ASSERT(bar.vwap == vwap || (std::isnan(bar.vwap) && std::isnan(vwap)));
    }
    rest = {rest.time + done.ticks, rest.price + done.ticks, rest.volume + done.ticks,
            rest.size - done.ticks};
    if (rest.size > 0 && rest.time[0] >= grid.end) break;
    RC_ASSERT(done.ticks > 0);
  }
  RC_ASSERT(next == expected.end());
}

TEST(FoldTicks, EqualsTheLoop) {
  ForEachTarget([] { EXPECT_TRUE(rc::check("bars", EqualsTheLoop)); });
}

// Where a plain sum loses the small ones.
TEST(FoldTicks, SumsKeepWhatRoundingTakes) {
  ForEachTarget([] {
    OwnedTicks ticks;
    ticks.Add(0, 1, 0x1p53);
    for (int i = 1; i <= 4096; ++i) ticks.Add(i, 1, 1);
    OwnedBars bars(1);
    FoldTicks(ticks.columns(), {0, 10'000, 0, 10'000}, bars.columns(), 1);
    EXPECT_EQ(bars.columns().volume[0], 0x1p53 + 4096);
    EXPECT_EQ(bars.columns().vwap[0], 1);
  });
}

TEST(FoldTicks, CountsWhatIsInNoBar) {
  ForEachTarget([] {
    OwnedTicks ticks;
    for (int i = 0; i < 100; ++i) ticks.Add(i, 10 + i, 1);
    ticks.price[0] = ticks.price[99] = std::nan("");
    ticks.volume[50] = -0.5;
    OwnedBars bars(1);
    const FoldedTicks done = FoldTicks(ticks.columns(), {0, 100, 0, 100}, bars.columns(), 1);
    EXPECT_EQ(done.invalid, 3);
    EXPECT_EQ(done.ticks, 100);
    const BarRow bar = bars.columns().Load(0);
    EXPECT_EQ(bar.open, 11);
    EXPECT_EQ(bar.close, 108);
    EXPECT_EQ(bar.count, 97);
    EXPECT_EQ(bar.volume.value, 97);
  });
}

TEST(FoldTicks, ProductsThatOverflowAreNoInvalidTicks) {
  OwnedTicks ticks;
  for (int i = 0; i < 40; ++i) ticks.Add(i, 1e200, 1e200);
  OwnedBars bars(1);
  const FoldedTicks done = FoldTicks(ticks.columns(), {0, 100, 0, 100}, bars.columns(), 1);
  EXPECT_EQ(done.invalid, 0);
  EXPECT_EQ(bars.columns().count[0], 40);
  EXPECT_EQ(bars.columns().close[0], 1e200);
}

TEST(FoldBars, OfBarsIsAsOfTicks) {
  EXPECT_TRUE(rc::check("minutes to hours", [] {
    const OwnedTicks ticks = AnyTicks(5000, 1'000'000, *rc::gen::inRange<int64_t>(0, 30));
    const TimeGrid minutes{0, 1'000'000, 0, 60};
    const TimeGrid hours{0, 1'000'000, 0, 3600};
    OwnedBars fine(10'000), coarse(10'000), direct(10'000);
    const auto fines = FoldTicks(ticks.columns(), minutes, fine.columns(), 10'000).bars;
    const auto coarses = FoldBars(fine.columns(), fines, hours, coarse.columns(), 10'000);
    const auto directs = FoldTicks(ticks.columns(), hours, direct.columns(), 10'000).bars;
    RC_ASSERT(coarses.ticks == fines);
    RC_ASSERT(coarses.bars == directs);
    for (int64_t i = 0; i < directs; ++i) {
      const BarRow a = coarse.columns().Load(i);
      const BarRow b = direct.columns().Load(i);
      RC_ASSERT(a.start == b.start && a.end == b.end && a.count == b.count);
      RC_ASSERT(a.open == b.open && a.high == b.high && a.low == b.low && a.close == b.close);
      RC_ASSERT(a.volume.value == b.volume.value && a.vwap == b.vwap);
    }
  }));
}

TEST(CountBelow, EqualsTheBinarySearch) {
  ForEachTarget([] {
    EXPECT_TRUE(rc::check("lower_bound", [] {
      const OwnedTicks ticks = AnyTicks(*rc::gen::inRange(0, 20'000), 100, 3);
      const int64_t bound = *rc::gen::inRange<int64_t>(-1, 40'000);
      const auto& t = ticks.time;
      const auto expected = std::lower_bound(t.begin(), t.end(), bound) - t.begin();
      RC_ASSERT(CountBelow(t.data(), static_cast<int64_t>(t.size()), bound) == expected);
    }));
  });
}

TEST(IsAscending, FindsTheOneThatIsNot) {
  ForEachTarget([] {
    for (const size_t size : {0, 1, 2, 9, 70}) {
      std::vector<int64_t> times(size, 5);
      EXPECT_TRUE(IsAscending(times.data(), static_cast<int64_t>(size)));
      for (size_t i = 1; i < size; ++i) {
        times.assign(size, 5);
        times[i] = 4;
        EXPECT_FALSE(IsAscending(times.data(), static_cast<int64_t>(size))) << i << " of " << size;
      }
    }
  });
}

}  // namespace
}  // namespace headrace::kernels
