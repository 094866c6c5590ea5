#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace headrace::kernels {

/// Infinities count as values this far away, so that areas stay numbers.
inline constexpr double kFarAway = 1e300;

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
  const auto near = [](double value) { return std::clamp(value, -kFarAway, kFarAway); };
  const double every =
      points > 2 ? static_cast<double>(between) / static_cast<double>(points - 2) : 0;
  const auto edge = [&](int64_t bucket) {
    return std::min(begin + 1 + static_cast<int64_t>(every * static_cast<double>(bucket)), rows);
  };
  int64_t chosen = begin;
  out[count++] = chosen;
  for (int64_t bucket = 0; bucket < points - 2; ++bucket) {
    int64_t at = edge(bucket);
    const int64_t bucket_end = edge(bucket + 1);
    while (at < bucket_end && std::isnan(y(at))) ++at;
    if (at == bucket_end) continue;
    // The mean of the next bucket, or of the next one that has a value.
    double sum_x = 0;
    double sum_y = 0;
    double values = 0;
    for (int64_t next = bucket + 1; values == 0; ++next) {
      const int64_t end = next >= points - 2 ? rows : edge(next + 1);
      for (int64_t i = edge(next); i < end; ++i) {
        const double value = near(y(i));
        const bool number = !std::isnan(value);
        sum_x += number ? x(i) : 0;
        sum_y += number ? value : 0;
        values += number ? 1 : 0;
      }
    }
    const double base_x = x(chosen);
    const double base_y = near(y(chosen));
    const double run = base_x - sum_x / values;
    const double rise = sum_y / values - base_y;
    double largest = -1;
    int64_t best = at;
    for (int64_t i = at; i < bucket_end; ++i) {
      const double area = std::abs(run * (near(y(i)) - base_y) + rise * (x(i) - base_x));
      if (area > largest) {
        largest = area;
        best = i;
      }
    }
    out[count++] = chosen = best;
  }
  out[count++] = rows - 1;
  return count;
}

}  // namespace headrace::kernels
