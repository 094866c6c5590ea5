#pragma once

#include <cstdint>

#include "kernels/aggregate/moment_cell.h"
#include "kernels/aggregate/wide_integer.h"

namespace headrace::shape {

/// A group's exact sums S1 (of v) and S2 (of v * v), in units of 2^exponent and 2^(2 * exponent),
/// and what follows from them. Each answer is computed in integers up to one or two roundings at
/// its end, so that it depends on nothing but the values, and is at most two units in the last
/// place away from the true one; Sum() is the double nearest to the true sum.
class ExactTotals {
 public:
  explicit ExactTotals(int exponent) : exponent_(exponent) {}

  /// Adds a cell whose v count 2^shift units.
  void Add(const kernels::SumCell& cell, int shift) noexcept;
  void Add(const kernels::MomentCell& cell, int shift) noexcept;

  double Sum() const noexcept;
  /// Requires: count >= 1. Finite also if the sum is not.
  double Mean(int64_t count) const noexcept;
  /// (count * S2 - S1^2) / (count * (count - 1)): never negative, and 0 if and only if all values
  /// are equal. Requires: count >= 2, and cells with squares.
  double Variance(int64_t count) const noexcept;
  double StandardDeviation(int64_t count) const noexcept;

 private:
  kernels::ScaledReal SignedSum() const noexcept;
  kernels::ScaledReal ScaledVariance(int64_t count) const noexcept;

  int exponent_;
  kernels::WideInteger positive_;
  kernels::WideInteger negative_;
  kernels::WideInteger squares_;
};

}  // namespace headrace::shape
