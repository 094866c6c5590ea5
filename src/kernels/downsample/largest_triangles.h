#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace headrace::kernels {

/// Infinities count as values this far away, so that areas stay numbers.
inline constexpr double kFarAway = 1e300;

inline double NearBy(double value) { return std::clamp(value, -kFarAway, kFarAway); }

struct BucketMean {
  double x = 0;
  double y = 0;
  double values = 0;  ///< how many
};

/// Of the points [begin, end) whose y is a number.
template <typename X, typename Y>
BucketMean MeanOf(int64_t begin, int64_t end, const X& x, const Y& y) noexcept {
  // Four sums, so that an addition need not wait for the one before.
  double sums_x[4] = {};
  double sums_y[4] = {};
  int64_t i = begin;
  for (; i + 4 <= end; i += 4) {
    for (int lane = 0; lane < 4; ++lane) {
      sums_x[lane] += x(i + lane);
      sums_y[lane] += y(i + lane);
    }
  }
  for (; i < end; ++i) {
    sums_x[0] += x(i);
    sums_y[0] += y(i);
  }
  const double sum_y = (sums_y[0] + sums_y[1]) + (sums_y[2] + sums_y[3]);
  auto values = static_cast<double>(end - begin);
  if (std::isfinite(sum_y)) {
    const double sum_x = (sums_x[0] + sums_x[1]) + (sums_x[2] + sums_x[3]);
    return {sum_x / values, sum_y / values, values};
  }
  BucketMean mean;
  for (i = begin; i < end; ++i) {
    const double value = NearBy(y(i));
    if (std::isnan(value)) continue;
    mean.x += x(i);
    mean.y += value;
    ++mean.values;
  }
  return {mean.x / mean.values, mean.y / mean.values, mean.values};
}

struct ChartPoint {
  double x;
  double y;
};

/// The first of the points [begin, end) that span the largest triangle with `base` and `mean`.
/// Requires: y(begin) is a number.
template <typename X, typename Y>
int64_t FarthestFrom(ChartPoint base, const BucketMean& mean, int64_t begin, int64_t end,
                     const X& x, const Y& y) noexcept {
  const double run = base.x - mean.x;
  const double rise = mean.y - base.y;
  double largest = -1;
  int64_t best = begin;
  for (int64_t i = begin; i < end; ++i) {
    // Of a NaN the area is one, which is never larger.
    const double area = std::abs(run * (NearBy(y(i)) - base.y) + rise * (x(i) - base.x));
    if (area > largest) {
      largest = area;
      best = i;
    }
  }
  return best;
}

/// Largest triangle three buckets (Steinarsson, 2013) over `rows` points (x(i), y(i)): the first
/// and the last point, and of each of points - 2 buckets of about equally many rows between them
/// the point that spans the largest triangle with the point chosen before and the mean of the next
/// bucket; of equal ones the first. Points whose y is NaN are passed over, and so are buckets that
/// have none else. Writes the chosen rows, ascending, to `out`, which has room for `points` of them
/// or `rows`, if that is less; returns how many. Requires: points >= 2; x is finite and
/// does not descend, and its range well below 1e8: offsets, not times.
template <typename X, typename Y>
int64_t LargestTriangles(int64_t rows, const X& x, const Y& y, int64_t points,
                         int64_t* out) noexcept {
  int64_t begin = 0;
  while (begin < rows && std::isnan(y(begin))) ++begin;
  while (rows > begin && std::isnan(y(rows - 1))) --rows;
  if (begin == rows) return 0;
  const int64_t between = rows - begin - 2;
  int64_t count = 0;
  if (between <= points - 2) {
    for (int64_t i = begin; i < rows; ++i) {
      if (!std::isnan(y(i))) out[count++] = i;
    }
    return count;
  }
  const double every =
      points > 2 ? static_cast<double>(between) / static_cast<double>(points - 2) : 0;
  const auto edge = [&](int64_t bucket) {
    if (bucket >= points - 1) return rows;
    return std::min(begin + 1 + static_cast<int64_t>(every * static_cast<double>(bucket)), rows);
  };
  int64_t chosen = begin;
  out[count++] = chosen;
  for (int64_t bucket = 0; bucket < points - 2; ++bucket) {
    int64_t at = edge(bucket);
    const int64_t bucket_end = edge(bucket + 1);
    while (at < bucket_end && std::isnan(y(at))) ++at;
    if (at == bucket_end) continue;
    // The next bucket, or the next one that has a value: the last row has one.
    BucketMean mean;
    for (int64_t next = bucket + 1; mean.values == 0; ++next) {
      mean = MeanOf(edge(next), edge(next + 1), x, y);
    }
    chosen = FarthestFrom({x(chosen), NearBy(y(chosen))}, mean, at, bucket_end, x, y);
    out[count++] = chosen;
  }
  out[count++] = rows - 1;
  return count;
}

}  // namespace headrace::kernels
