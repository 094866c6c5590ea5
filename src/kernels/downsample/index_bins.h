#pragma once

#include <cstdint>
#include <span>

namespace headrace::kernels {

enum class DownsampleMethod : uint8_t {
  kMinMax,      ///< the least and the greatest value of each of points / 2 bins
  kM4,          ///< and the first and the last one, of each of points / 4 bins
  kLttb,        ///< largest triangle three buckets, of all points
  kMinMaxLttb,  ///< the same, of the extremes of kExtremesPerPoint * points / 2 bins
};

/// How many points are chosen by MinMax for each one that LTTB is to leave (Van der Donckt et al.,
/// MinMaxLTTB, 2023: more makes no visible difference).
inline constexpr int64_t kExtremesPerPoint = 4;

/// A column in memory; `x` null: points are evenly spaced. NaN is passed over.
template <typename T>
struct DownsampleInput {
  std::span<const T> y;
  const double* x = nullptr;  ///< as long as y, ascending; only heeded by triangles
};

/// Which points a chart of `points` points needs: their rows, ascending, each once, written to
/// `out`. Bins hold equal numbers of rows. Returns how many, at most `points`. All rows that are
/// not NaN if there are no more than `points` rows. `scratch` has DownsampleScratch() values.
/// Requires: points >= 2, for kM4 points >= 4; room for min(points, rows) in `out`.
template <typename T>
int64_t Downsample(DownsampleMethod method, const DownsampleInput<T>& input, int64_t points,
                   std::span<int64_t> scratch, int64_t* out) noexcept;

constexpr int64_t DownsampleScratch(DownsampleMethod method, int64_t points) noexcept {
  return method == DownsampleMethod::kMinMaxLttb ? kExtremesPerPoint * points + 2 : 0;
}

}  // namespace headrace::kernels
