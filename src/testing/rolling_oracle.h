#pragma once

// The naive answer to every rolling statistic: each window by itself, two passes, extended
// precision. What the kernels, the live windows and the features are tested against. Cost O(window)
// a row.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/rolling/rolling.h"

namespace headrace::testing {

namespace oracle_internal {

inline bool IsValid(const kernels::RollingColumn& column, int64_t row) {
  const int64_t bit = row - column.origin;
  return column.validity == nullptr || ((column.validity[bit / 8] >> (bit % 8)) & 1) != 0;
}

inline double ValueAt(const kernels::RollingColumn& column, int64_t row) {
  return column.values[row - column.origin];
}

/// Extended where all values are finite; plain double else, which says the same of NaN and
/// infinity, and much sooner.
template <class Real>
struct Moments {
  const std::vector<double>& x;
  Real n = static_cast<Real>(x.size());
  Real sum = 0;
  Real mean_difference = 0;  ///< of x - x[0]

  explicit Moments(const std::vector<double>& values) : x(values) {
    for (double v : x) {
      sum += static_cast<Real>(v);
      mean_difference += static_cast<Real>(v) - static_cast<Real>(x[0]);
    }
    mean_difference /= n;
  }
  Real Deviation(double v) const {
    return static_cast<Real>(v) - static_cast<Real>(x[0]) - mean_difference;
  }
  /// sum((x - mean)^power)
  Real CentralSum(int power) const {
    Real result = 0;
    for (double v : x) {
      Real term = 1;
      for (int p = 0; p < power; ++p) term *= Deviation(v);
      result += term;
    }
    return result;
  }
};

inline double Quantile(std::vector<double> x, double q) {
  if (std::any_of(x.begin(), x.end(), [](double v) { return std::isnan(v); })) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  std::sort(x.begin(), x.end());
  const double position = static_cast<double>(x.size() - 1) * q;
  const auto below = static_cast<size_t>(position);
  const double part = position - static_cast<double>(below);
  if (part == 0) return x[below];
  if (x[below] == x[below + 1]) return x[below];
  return x[below] + (x[below + 1] - x[below]) * part;
}

inline bool AllEqual(const std::vector<double>& x) {
  return std::all_of(x.begin(), x.end(), [&](double v) { return std::isfinite(v) && v == x[0]; });
}

inline double Extreme(const std::vector<double>& x, bool want_max) {
  double best = x[0];
  for (double v : x) {
    if (std::isnan(v)) return v;
    best = want_max ? std::max(best, v) : std::min(best, v);
  }
  return best;
}

template <class Real>
double FromMoments(const kernels::RollingSpec& spec, const std::vector<double>& x, bool* exists) {
  using kernels::RollingKind;
  const Moments<Real> moments(x);
  const Real n = moments.n;
  if (spec.kind == RollingKind::kSum) return static_cast<double>(moments.sum);
  if (spec.kind == RollingKind::kMean) return static_cast<double>(moments.sum / n);
  const Real m2 = AllEqual(x) ? Real{0} : moments.CentralSum(2);
  if (spec.kind == RollingKind::kSkew || spec.kind == RollingKind::kKurtosis) {
    *exists = m2 != 0;
    if (!*exists) return 0.0;
    const Real variance = m2 / n;
    return static_cast<double>(spec.kind == RollingKind::kSkew
                                   ? moments.CentralSum(3) / n / (variance * std::sqrt(variance))
                                   : moments.CentralSum(4) / n / (variance * variance) - 3);
  }
  *exists = n > static_cast<Real>(spec.ddof);
  if (!*exists) return 0.0;
  const Real variance = m2 / (n - static_cast<Real>(spec.ddof));
  if (spec.kind == RollingKind::kVar) return static_cast<double>(variance);
  if (spec.kind == RollingKind::kStd) return static_cast<double>(std::sqrt(variance));
  *exists = variance != 0;
  return *exists ? static_cast<double>(moments.Deviation(x.back()) / std::sqrt(variance)) : 0.0;
}

inline double Ewm(const kernels::RollingSpec& spec, const kernels::RollingColumn& column,
                  int64_t low, int64_t row) {
  const long double q = 1 - 2 / (static_cast<long double>(spec.window) + 1);
  long double sum = 0, weight = 0, power = 1;
  for (int64_t r = row; r >= low; --r, power *= q) {
    if (!IsValid(column, r)) continue;
    sum += power * ValueAt(column, r);
    weight += power;
  }
  return static_cast<double>(sum / weight);
}

inline double Positional(const kernels::RollingSpec& spec, const kernels::RollingColumn& column,
                         int64_t begin, int64_t row, bool* exists) {
  const int64_t before = row - spec.window;
  const bool lag_only = spec.kind == kernels::RollingKind::kLag;
  *exists = before >= begin && IsValid(column, before) && (lag_only || IsValid(column, row));
  if (!*exists) return 0.0;
  const double old = ValueAt(column, before);
  if (lag_only) return old;
  const double now = ValueAt(column, row);
  return spec.kind == kernels::RollingKind::kDiff ? now - old : now / old - 1;
}

}  // namespace oracle_internal

/// The statistic `spec` of the window that ends in `row`, of a column whose rows from `begin` on
/// are retained. `*exists` says whether there is one; 0.0 is returned if not.
inline double NaiveRolling(const kernels::RollingSpec& spec, const kernels::RollingColumn& column,
                           int64_t begin, int64_t row, bool* exists) {
  using kernels::RollingKind;
  using namespace oracle_internal;  // NOLINT: the functions just above
  if (spec.kind == RollingKind::kLag || spec.kind == RollingKind::kDiff ||
      spec.kind == RollingKind::kPctChange) {
    return Positional(spec, column, begin, row, exists);
  }
  const int64_t low = std::max(begin, row - spec.window + 1);
  std::vector<double> x;
  for (int64_t r = low; r <= row; ++r) {
    if (IsValid(column, r)) x.push_back(ValueAt(column, r));
  }
  const auto n = static_cast<int64_t>(x.size());
  *exists = true;
  if (spec.kind == RollingKind::kCount) return static_cast<double>(n);
  *exists = n >= std::max<int64_t>(1, spec.min_samples);
  if (!*exists) return 0.0;
  switch (spec.kind) {
    case RollingKind::kMin: return Extreme(x, false);
    case RollingKind::kMax: return Extreme(x, true);
    case RollingKind::kMedian: return Quantile(x, 0.5);
    case RollingKind::kQuantile: return Quantile(x, spec.quantile);
    case RollingKind::kFirst: return x.front();
    case RollingKind::kLast: return x.back();
    case RollingKind::kEwmMean: return Ewm(spec, column, low, row);
    default: break;
  }
  *exists = spec.kind != RollingKind::kZscore || IsValid(column, row);
  if (!*exists) return 0.0;
  const bool finite = std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); });
  return finite ? FromMoments<long double>(spec, x, exists) : FromMoments<double>(spec, x, exists);
}

}  // namespace headrace::testing
