#pragma once

#include <cstdint>

namespace headrace::kernels {

/// A sum in two doubles, about 106 bits (Knuth's two-sum; Dekker, 1971). What is added comes out
/// rounded once, in whatever order and in whatever parts it was added, as long as the numbers lie
/// within some 50 powers of two of each other: a bar's volume is the same fed by ticks, by batches
/// or by finer bars. Infinity and NaN behave as in a plain sum.
struct ExactSum {
  double value = 0;  ///< the sum, rounded
  double rest = 0;   ///< what rounding took from it

  void Add(double x) noexcept { Add(ExactSum{x, 0}); }

  void Add(const ExactSum& other) noexcept {
    const double sum = value + other.value;
    const double back = sum - value;
    const double lost = (value - (sum - back)) + (other.value - back) + (rest + other.rest);
    value = sum + lost;
    rest = lost - (value - sum);
  }
};

/// One bar: what traded in [start, end), times in nanoseconds. In the order of time, so that bars
/// of a longer timeframe are made of those of a shorter one.
struct BarRow {
  int64_t start = 0;
  int64_t end = 0;
  double open = 0;
  double high = 0;
  double low = 0;
  double close = 0;
  ExactSum volume;
  ExactSum turnover;  ///< price * volume, each product rounded once
  double vwap = 0;    ///< turnover / volume; NaN where nothing but volume 0 traded
  int64_t count = 0;  ///< ticks

  void SetVwap() noexcept { vwap = turnover.value / volume.value; }

  /// Requires: `later` is of the same bar, and all of it comes later in time.
  void Merge(const BarRow& later) noexcept {
    if (later.high > high) high = later.high;
    if (later.low < low) low = later.low;
    close = later.close;
    volume.Add(later.volume);
    turnover.Add(later.turnover);
    count += later.count;
    SetVwap();
  }
};

/// Bars by column. Sums keep their rests, so that bars made of bars are as exact as those of ticks.
struct BarColumns {
  int64_t* start = nullptr;
  int64_t* end = nullptr;
  double* open = nullptr;
  double* high = nullptr;
  double* low = nullptr;
  double* close = nullptr;
  double* volume = nullptr;
  double* vwap = nullptr;
  int64_t* count = nullptr;
  double* volume_rest = nullptr;
  double* turnover = nullptr;
  double* turnover_rest = nullptr;

  void Store(int64_t i, const BarRow& row) const noexcept {
    start[i] = row.start;
    end[i] = row.end;
    open[i] = row.open;
    high[i] = row.high;
    low[i] = row.low;
    close[i] = row.close;
    volume[i] = row.volume.value;
    vwap[i] = row.vwap;
    count[i] = row.count;
    volume_rest[i] = row.volume.rest;
    turnover[i] = row.turnover.value;
    turnover_rest[i] = row.turnover.rest;
  }

  BarRow Load(int64_t i) const noexcept {
    return {.start = start[i],
            .end = end[i],
            .open = open[i],
            .high = high[i],
            .low = low[i],
            .close = close[i],
            .volume = {volume[i], volume_rest[i]},
            .turnover = {turnover[i], turnover_rest[i]},
            .vwap = vwap[i],
            .count = count[i]};
  }
};

}  // namespace headrace::kernels
