#pragma once

#include <algorithm>
#include <cstdint>

namespace headrace::kernels {

/// A stretch of time in which bars begin at anchor + k * every. What its ends cut off of a bar does
/// not belong to the bar. Requires: begin < end, every > 0, anchor <= begin, and sums that int64
/// holds.
struct TimeGrid {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t anchor = 0;
  int64_t every = 0;
};

struct TimeSpan {
  int64_t start = 0;
  int64_t end = 0;
};

/// The bar that `time` falls into. Requires: grid.begin <= time < grid.end.
inline TimeSpan SpanAt(const TimeGrid& grid, int64_t time) noexcept {
  const int64_t start = time - (time - grid.anchor) % grid.every;
  return {std::max(start, grid.begin), std::min(start + grid.every, grid.end)};
}

}  // namespace headrace::kernels
