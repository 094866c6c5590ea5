#pragma once

#include <cstdint>

#include "kernels/ohlcv/bar_row.h"
#include "kernels/ohlcv/time_grid.h"

namespace headrace::kernels {

/// Trades by column, `size` of each.
struct TickColumns {
  const int64_t* time = nullptr;  ///< ascending; equal ones stand in the order of the trades
  const double* price = nullptr;
  const double* volume = nullptr;
  int64_t size = 0;
};

/// How far FoldTicks() has come.
struct FoldedTicks {
  int64_t ticks = 0;    ///< that were passed, the invalid ones included
  int64_t bars = 0;     ///< that were written
  int64_t invalid = 0;  ///< that are in no bar
};

/// A tick that is in no bar: its price is not finite, or its volume is negative or not finite.
/// Prices below zero are prices.
inline bool ValidTick(double price, double volume) noexcept {
  return price - price == 0 && volume >= 0 && volume - volume == 0;
}

/// The bars of sorted ticks, one pass: the end of each bar's run of ticks is looked for, then the
/// run is aggregated by SIMD. Writes a row for each bar that has a valid tick, the first and the
/// last one perhaps of a bar that goes on outside of these ticks. Stops at the first tick at or
/// behind grid.end, or when `capacity` rows are written. Every SIMD target gives the same prices
/// and counts, and the same sums within what ExactSum promises. Requires: ticks.time[0] >=
/// grid.begin.
FoldedTicks FoldTicks(const TickColumns& ticks, const TimeGrid& grid, const BarColumns& bars,
                      int64_t capacity) noexcept;

/// How many of `size` ascending times are below `bound`.
int64_t CountBelow(const int64_t* times, int64_t size, int64_t bound) noexcept;

/// Whether no time is below the one before.
bool IsAscending(const int64_t* times, int64_t size) noexcept;

/// The SIMD target that run-time dispatch has chosen.
const char* FoldTicksTargetName() noexcept;

/// Folds bars [0, size) into those of a longer timeframe: each bar of `finer` begins and ends
/// inside one of them, or is cut off by the grid's end. Stops as FoldTicks(). Returns bars passed
/// in `ticks`. Requires: finer.start[0] >= grid.begin; ascending.
FoldedTicks FoldBars(const BarColumns& finer, int64_t size, const TimeGrid& grid,
                     const BarColumns& bars, int64_t capacity) noexcept;

}  // namespace headrace::kernels
