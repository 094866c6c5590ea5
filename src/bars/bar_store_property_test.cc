// The one rule: a bar is visible when it has ended, and nothing later is.

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bars/bar_feed_test.h"
#include "headrace/bar_store.h"

namespace headrace::bars {
namespace {

const std::vector<std::string> kFrames = {"1m", "5m", "15m", "30m", "1h", "2h",
                                          "4h", "1d", "7m",  "1w",  "1mo"};

const SessionCalendar kStocks = Stocks({HalfDay("2024-03-11"), Holiday("2024-03-12")});

struct Market {
  const char* name;
  const char* zone;
  const char* session;
  int64_t watermark_ns;
};

class EveryMarket : public ::testing::TestWithParam<Market> {
 protected:
  void SetUp() override {
    seed_ = std::random_device()();
    random_.seed(seed_);
    trace_ = std::make_unique<::testing::ScopedTrace>(__FILE__, __LINE__,
                                                      "seed " + std::to_string(seed_));
  }

  BarStoreOptions Options() {
    return {.zone = GetParam().zone,
            .sessions = {kStocks},
            .watermark_ns = GetParam().watermark_ns,
            .history_bars = static_cast<int64_t>(1 + random_() % 300),
            .future_bars = static_cast<int64_t>(random_() % 100),
            .trim_bars = static_cast<int64_t>(1 + random_() % 100),
            .memory_cap_bytes = random_() % 2 == 0 ? 1'000'000'000 : 100'000};
  }

  /// In the order in which they come: late ones within the watermark.
  std::vector<Tick> Arrivals(int rows) {
    std::vector<Tick> ticks = AnyTicks(random_, Utc("2024-03-07", "00:00"), rows);
    if (GetParam().watermark_ns == 0) return ticks;
    std::vector<std::pair<int64_t, Tick>> arriving;
    for (const Tick& tick : ticks) {
      const auto delay = random_() % static_cast<uint64_t>(GetParam().watermark_ns);
      arriving.emplace_back(tick.time + static_cast<int64_t>(delay), tick);
    }
    std::stable_sort(arriving.begin(), arriving.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < ticks.size(); ++i) ticks[i] = arriving[i].second;
    return ticks;
  }

  void FeedInParts(BarStore& store, const std::vector<Tick>& ticks) {
    for (size_t at = 0; at < ticks.size();) {
      const size_t some = std::min(ticks.size() - at, 1 + random_() % 700);
      if (some < 4) {
        for (size_t i = at; i < at + some; ++i) {
          ASSERT_TRUE(store.AppendTick(key_, ticks[i].time, ticks[i].price, ticks[i].volume).ok());
        }
      } else {
        Feed(store, key_,
             {ticks.begin() + static_cast<int64_t>(at),
              ticks.begin() + static_cast<int64_t>(at + some)});
      }
      at += some;
      // A frame that grows with the base, and one that is asked for at odd times.
      if (random_() % 3 == 0) {
        const auto frame = *ParseTimeframe(kFrames[random_() % kFrames.size()]);
        ASSERT_TRUE(store.Last(key_, frame, 5, ticks[at - 1].time).ok());
      }
    }
  }

  int64_t AnyTime(const std::vector<Tick>& ticks) {
    const int64_t time = ticks[random_() % ticks.size()].time;
    switch (random_() % 4) {
      case 0: return time - time % kMinute;
      case 1: return time - time % (60 * kMinute);
      case 2: return time + static_cast<int64_t>(random_() % static_cast<uint64_t>(kDayNs));
      default: return time;
    }
  }

  std::shared_ptr<const BarClock> ClockOf(const Timeframe& frame) {
    return BarClock::Make(frame, GetParam().zone,
                          GetParam().session[0] == '\0' ? SessionCalendar{} : kStocks)
        .ValueOrDie();
  }

  uint64_t seed_ = 0;
  std::mt19937_64 random_;
  std::unique_ptr<::testing::ScopedTrace> trace_;
  MemoryBudget budget_{int64_t{1} << 30};
  BarKey key_{.symbol = "ES", .session = GetParam().session};
};

TEST_P(EveryMarket, NoAnswerDependsOnWhatCameAfter) {
  for (int round = 0; round < 2; ++round) {
    const auto ticks = Arrivals(4000);
    const auto all = *BarStore::Make(Options(), &budget_);
    FeedInParts(*all, ticks);
    for (int question = 0; question < 5; ++question) {
      const int64_t at = AnyTime(ticks);
      std::vector<Tick> before;
      for (const Tick& tick : ticks) {
        if (tick.time <= at) before.push_back(tick);
      }
      if (before.empty()) continue;
      const auto past = *BarStore::Make(Options(), &budget_);
      FeedInParts(*past, before);
      for (const std::string& name : kFrames) {
        SCOPED_TRACE(name + " at " + std::to_string(at));
        const Timeframe frame = *ParseTimeframe(name);
        const auto n = static_cast<int64_t>(random_() % 400);
        const auto seen = all->Last(key_, frame, n, at);
        const auto known = past->Last(key_, frame, n, at);
        ASSERT_TRUE(seen.ok() && known.ok()) << seen.status() << known.status();
        ASSERT_TRUE(SameSlices(*seen, *known));
        auto bars = NaiveBars(before, *ClockOf(frame));
        std::erase_if(bars, [&](const NaiveBar& bar) { return bar.end > at; });
        const size_t skipped = bars.size() - std::min(bars.size(), static_cast<size_t>(n));
        ASSERT_TRUE(EqualsNaive(*seen, std::span(bars).subspan(skipped)));
        const auto price = all->LastPrice(key_, at);
        ASSERT_TRUE(price.ok());
      }
    }
  }
}

TEST_P(EveryMarket, RangesAndGaps) {
  for (int round = 0; round < 2; ++round) {
    const auto ticks = Arrivals(3000);
    const auto store = *BarStore::Make(Options(), &budget_);
    FeedInParts(*store, ticks);
    for (const std::string& name : kFrames) {
      const int64_t at = AnyTime(ticks);
      int64_t from = AnyTime(ticks);
      int64_t to = AnyTime(ticks);
      if (from > to) std::swap(from, to);
      SCOPED_TRACE(name + " of " + std::to_string(from) + " to " + std::to_string(to) + " at " +
                   std::to_string(at));
      const Timeframe frame = *ParseTimeframe(name);
      auto bars = NaiveBars(ticks, *ClockOf(frame));
      const int64_t first = bars.front().start;
      std::erase_if(bars, [&](const NaiveBar& bar) { return bar.end > at; });
      const auto visible = bars;
      std::erase_if(bars, [&](const NaiveBar& bar) { return bar.start < from || bar.start >= to; });
      const auto slice = store->Range(key_, frame, from, to, at);
      ASSERT_TRUE(slice.ok()) << slice.status();
      ASSERT_TRUE(EqualsNaive(*slice, bars));

      // With gaps filled: every bar of the clock, those that are there as they are.
      const auto filled = store->Range(key_, frame, from, to, at, {.gaps = GapFill::kPrevious});
      ASSERT_TRUE(filled.ok()) << filled.status();
      size_t next = 0;
      int64_t expected = ClockOf(frame)->BarAtOrAfter(std::max(from, first)).start;
      for (size_t i = 0; i < filled->start.size(); ++i) {
        ASSERT_EQ(filled->start[i], expected);
        expected = ClockOf(frame)->BarAtOrAfter(filled->end[i]).start;
        ASSERT_LE(filled->end[i], at);
        if (next < bars.size() && bars[next].start == filled->start[i]) {
          ASSERT_EQ(filled->close[i], bars[next].close);
          ASSERT_EQ(filled->count[i], bars[next].count);
          ++next;
          continue;
        }
        ASSERT_EQ(filled->volume[i], 0);
        ASSERT_EQ(filled->count[i], 0);
        const auto before = std::find_if(visible.rbegin(), visible.rend(), [&](const auto& bar) {
          return bar.start < filled->start[i];
        });
        ASSERT_NE(before, visible.rend());
        ASSERT_EQ(filled->open[i], before->close);
        ASSERT_EQ(filled->close[i], before->close);
      }
      ASSERT_EQ(next, bars.size());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Bars, EveryMarket,
    ::testing::Values(Market{"Utc", "UTC", "", 0}, Market{"NewYork", "America/New_York", "", 0},
                      Market{"StJohnsLate", "America/St_Johns", "", 90 * kSecond},
                      Market{"NewYorkLate", "America/New_York", "", 20 * kMinute},
                      Market{"Stocks", "America/New_York", "stocks", 0},
                      Market{"StocksLate", "America/New_York", "stocks", 5 * kMinute}),
    [](const auto& market) { return std::string(market.param.name); });

}  // namespace
}  // namespace headrace::bars
