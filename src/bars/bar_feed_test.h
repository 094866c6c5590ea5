#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "bars/bar_clock.h"
#include "headrace/bar_store.h"
#include "headrace/memory_budget.h"
#include "testing/batches.h"

namespace headrace::bars {

inline constexpr int64_t kSecond = 1'000'000'000;
inline constexpr int64_t kMinute = 60 * kSecond;
inline constexpr int64_t kEver = std::numeric_limits<int64_t>::max();

inline int64_t Utc(const char* date, const char* time) {
  return (*ParseDate(date) * int64_t{86400} + *ParseTimeOfDay(time)) * kSecond;
}

inline SessionCalendar::Exception Holiday(const char* date) { return {.date = *ParseDate(date)}; }
inline SessionCalendar::Exception HalfDay(const char* date) {
  return {.date = *ParseDate(date), .closed = false, .hours = {34'200, 46'800}};
}
/// The calendar "stocks", from 9:30 to 16:00.
inline SessionCalendar Stocks(std::vector<SessionCalendar::Exception> exceptions) {
  return {.name = "stocks", .hours = {34'200, 57'600}, .exceptions = std::move(exceptions)};
}

struct Tick {
  int64_t time;
  double price;
  double volume;
};

inline std::shared_ptr<arrow::RecordBatch> BatchOf(const std::vector<Tick>& ticks) {
  arrow::Int64Builder time;
  arrow::DoubleBuilder price, volume;
  for (const Tick& tick : ticks) {
    EXPECT_TRUE(time.Append(tick.time).ok() && price.Append(tick.price).ok() &&
                volume.Append(tick.volume).ok());
  }
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("ts", arrow::int64()), arrow::field("price", arrow::float64()),
                     arrow::field("volume", arrow::float64())}),
      static_cast<int64_t>(ticks.size()),
      {time.Finish().ValueOrDie(), price.Finish().ValueOrDie(), volume.Finish().ValueOrDie()});
}

inline BarAppendResult Feed(BarStore& store, const BarKey& key, const std::vector<Tick>& ticks) {
  const auto reader = testing::ReaderOf({BatchOf(ticks)});
  const auto result = store.AppendTicks(key, *reader);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : BarAppendResult{};
}

/// Bars of the naive loop, in long doubles, which hold the sums of what these tests make.
struct NaiveBar {
  int64_t start, end;
  double open, high, low, close;
  long double volume, turnover;
  int64_t count;
};

inline std::vector<NaiveBar> NaiveBars(std::vector<Tick> ticks, const BarClock& clock) {
  std::stable_sort(ticks.begin(), ticks.end(),
                   [](const Tick& a, const Tick& b) { return a.time < b.time; });
  std::vector<NaiveBar> bars;
  for (const Tick& t : ticks) {
    const auto stretch = clock.At(t.time);
    if (!stretch.open) continue;
    const auto span = kernels::SpanAt(stretch.grid, t.time);
    if (bars.empty() || bars.back().start != span.start) {
      bars.push_back({span.start, span.end, t.price, t.price, t.price, t.price, 0, 0, 0});
    }
    NaiveBar& bar = bars.back();
    bar.high = std::max(bar.high, t.price);
    bar.low = std::min(bar.low, t.price);
    bar.close = t.price;
    bar.volume += t.volume;
    bar.turnover += static_cast<long double>(t.price * t.volume);
    ++bar.count;
  }
  return bars;
}

/// The same bits, NaN included.
inline bool SameBits(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) return a.empty() == b.empty();
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

inline ::testing::AssertionResult SameSlices(const BarSlice& a, const BarSlice& b) {
  const auto same_integers = [](std::span<const int64_t> x, std::span<const int64_t> y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end());
  };
  if (a.size() != b.size()) {
    return ::testing::AssertionFailure() << a.size() << " and " << b.size() << " bars";
  }
  if (same_integers(a.start, b.start) && same_integers(a.end, b.end) &&
      same_integers(a.count, b.count) && SameBits(a.open, b.open) && SameBits(a.high, b.high) &&
      SameBits(a.low, b.low) && SameBits(a.close, b.close) && SameBits(a.volume, b.volume) &&
      SameBits(a.vwap, b.vwap) && a.forming == b.forming) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "bars differ";
}

inline ::testing::AssertionResult EqualsNaive(const BarSlice& slice,
                                              std::span<const NaiveBar> bars) {
  if (slice.start.size() != bars.size()) {
    return ::testing::AssertionFailure() << slice.start.size() << " bars, not " << bars.size();
  }
  for (size_t i = 0; i < bars.size(); ++i) {
    const NaiveBar& bar = bars[i];
    const auto volume = static_cast<double>(bar.volume);
    const double vwap = static_cast<double>(bar.turnover) / volume;
    const bool same_vwap = slice.vwap[i] == vwap || (std::isnan(vwap) && std::isnan(slice.vwap[i]));
    if (slice.start[i] != bar.start || slice.end[i] != bar.end || slice.open[i] != bar.open ||
        slice.high[i] != bar.high || slice.low[i] != bar.low || slice.close[i] != bar.close ||
        slice.volume[i] != volume || slice.count[i] != bar.count || !same_vwap) {
      return ::testing::AssertionFailure()
             << "bar " << i << " of " << bars.size() << " at " << bar.start << ": close "
             << slice.close[i] << " not " << bar.close << ", count " << slice.count[i] << " not "
             << bar.count << ", end " << slice.end[i] << " not " << bar.end;
    }
  }
  return ::testing::AssertionSuccess();
}

/// Ticks in bursts with gaps of minutes to a day, on and off full minutes.
inline std::vector<Tick> AnyTicks(std::mt19937_64& random, int64_t begin, int rows) {
  std::vector<Tick> ticks;
  int64_t time = begin;
  for (int i = 0; i < rows; ++i) {
    const uint64_t kind = random() % 200;
    if (kind == 0) {
      time += static_cast<int64_t>(random() % (20 * 60)) * kMinute;
    } else if (kind < 10) {
      time = time - time % kMinute + static_cast<int64_t>(random() % 30) * kMinute + kMinute;
    } else if (kind < 190) {
      time += static_cast<int64_t>(random() % static_cast<uint64_t>(40 * kSecond));
    }
    ticks.push_back({time, static_cast<double>(random() % 65'536) / 64 - 100,
                     static_cast<double>(random() % 4096) / 64});
  }
  return ticks;
}

}  // namespace headrace::bars
