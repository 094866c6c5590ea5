#pragma once

// Mergeable summaries of runs of values. Values are only ever added and summaries of adjacent runs
// merged; nothing is subtracted out, so that what has left a window cannot have left a trace. Each
// type T has:
//   T{}                     the summary of no rows
//   Append(x), Prepend(x)   the run with one more value behind or before it
//   AppendNull, PrependNull the same for a null
//   Merge(older, newer)     the two runs, older first, as one

#include <cmath>
#include <limits>

namespace headrace::kernels::rolling {

/// a + b = sum + error exactly (Knuth's TwoSum), for finite sums.
inline void TwoSum(double a, double b, double& sum, double& error) {
  sum = a + b;
  const double b_part = sum - a;
  error = (a - (sum - b_part)) + (b - b_part);
}

/// The smaller (larger) of two values, and NaN if either is NaN.
inline double StickyMin(double a, double b) {
  const double m = b < a ? b : a;
  return b != b ? b : m;
}
inline double StickyMax(double a, double b) {
  const double m = b > a ? b : a;
  return b != b ? b : m;
}

/// Count, sum, spread and range. The sum is a double-double. The spread is held by differences to
/// `ref`, which is one of the values: then (mean - ref)^2 <= m2, and the offset of the data costs
/// no digits.
struct BasicState {
  double n = 0;
  double sum_high = 0;
  double sum_low = 0;  ///< NaN where sum_high is not finite
  double ref = 0;
  double mean = 0;  ///< of x - ref
  double m2 = 0;    ///< sum((x - mean)^2)
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  static BasicState Of(double x) {
    // x - x is 0, or NaN for what has no finite spread.
    return {
        .n = 1, .sum_high = x, .sum_low = 0, .ref = x, .mean = 0, .m2 = x - x, .min = x, .max = x};
  }

  void Append(double x) {
    if (n == 0) {
      *this = Of(x);
      return;
    }
    double error;
    TwoSum(sum_high, x, sum_high, error);
    sum_low += error;
    const double share = 1.0 / (n + 1);
    const double delta = (x - ref) - mean;
    mean += delta * share;
    m2 += delta * delta * (n * share) + (x - x);  // NaN as in Of(), not infinity
    min = StickyMin(min, x);
    max = StickyMax(max, x);
    n += 1;
  }
  void Prepend(double x) { Append(x); }
  void AppendNull() {}
  void PrependNull() {}

  static BasicState Merge(const BasicState& a, const BasicState& b) {
    if (b.n == 0) return a;
    if (a.n == 0) return b;
    BasicState s;
    s.n = a.n + b.n;
    double error;
    TwoSum(a.sum_high, b.sum_high, s.sum_high, error);
    s.sum_low = a.sum_low + b.sum_low + error;
    const double share = b.n / s.n;
    const double delta = (b.ref - a.ref) + (b.mean - a.mean);
    s.ref = a.ref;
    s.mean = a.mean + delta * share;
    s.m2 = a.m2 + b.m2 + delta * delta * (a.n * share);
    s.min = StickyMin(a.min, b.min);
    s.max = StickyMax(a.max, b.max);
    return s;
  }

  double Sum() const { return std::isfinite(sum_high) ? sum_high + sum_low : sum_high; }

  double Mean() const {
    const double quotient = sum_high / n;
    if (!std::isfinite(sum_high)) return quotient;
    return quotient + (std::fma(-quotient, n, sum_high) + sum_low) / n;
  }
};

/// Central moments up to the fourth (Pébay 2008, SAND2008-6212).
struct ShapeState {
  double n = 0;
  double ref = 0;
  double mean = 0;  ///< of x - ref
  double m2 = 0, m3 = 0, m4 = 0;

  void Append(double x) {
    *this = Merge(*this, {.n = 1, .ref = x, .mean = 0, .m2 = x - x, .m3 = 0, .m4 = 0});
  }
  void Prepend(double x) { Append(x); }
  void AppendNull() {}
  void PrependNull() {}

  static ShapeState Merge(const ShapeState& a, const ShapeState& b) {
    if (b.n == 0) return a;
    if (a.n == 0) return b;
    const double n = a.n + b.n;
    const double na = a.n / n, nb = b.n / n;  // shares
    const double delta = (b.ref - a.ref) + (b.mean - a.mean);
    const double delta2 = delta * delta;
    const double pairs = na * b.n;  // na * nb / n
    ShapeState s;
    s.n = n;
    s.ref = a.ref;
    s.mean = a.mean + delta * nb;
    s.m2 = a.m2 + b.m2 + delta2 * pairs;
    s.m3 = a.m3 + b.m3 + delta2 * delta * pairs * (na - nb) + 3 * delta * (na * b.m2 - nb * a.m2);
    s.m4 = a.m4 + b.m4 + delta2 * delta2 * pairs * (na * na - na * nb + nb * nb) +
           6 * delta2 * (na * na * b.m2 + nb * nb * a.m2) + 4 * delta * (na * b.m3 - nb * a.m3);
    return s;
  }
};

/// sum(q^age * x) and sum(q^age), the newest row having age 0.
struct EwmState {
  double n = 0;
  double sum = 0;
  double weight = 0;
  double decay = 1;  ///< q^rows

  void Append(double x, double q) {
    sum = sum * q + x;
    weight = weight * q + 1;
    decay *= q;
    n += 1;
  }
  void AppendNull(double q) {
    sum *= q;
    weight *= q;
    decay *= q;
  }
  void Prepend(double x, double q) {
    sum += decay * x;
    weight += decay;
    decay *= q;
    n += 1;
  }
  void PrependNull(double q) { decay *= q; }

  static EwmState Merge(const EwmState& a, const EwmState& b) {
    return {.n = a.n + b.n,
            .sum = a.sum * b.decay + b.sum,
            .weight = a.weight * b.decay + b.weight,
            .decay = a.decay * b.decay};
  }
};

}  // namespace headrace::kernels::rolling
