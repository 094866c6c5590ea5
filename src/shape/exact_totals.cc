#include "shape/exact_totals.h"

#include <array>
#include <cmath>

namespace headrace::shape {

using kernels::ScaledReal;
using kernels::WideInteger;

void ExactTotals::Add(const kernels::SumCell& cell, int shift) noexcept {
  const bool negative = static_cast<int64_t>(cell.sum_high) < 0;
  std::array<uint64_t, 2> magnitude = {cell.sum_low, cell.sum_high};
  if (negative) {
    magnitude[0] = ~magnitude[0] + 1;
    magnitude[1] = ~magnitude[1] + (magnitude[0] == 0 ? 1 : 0);
  }
  (negative ? negative_ : positive_).AddShifted(magnitude, shift);
}

void ExactTotals::Add(const kernels::MomentCell& cell, int shift) noexcept {
  Add(static_cast<const kernels::SumCell&>(cell), shift);
  squares_.AddShifted(cell.squares, 2 * shift);
}

ScaledReal ExactTotals::SignedSum() const noexcept {
  const bool negative = positive_ < negative_;
  WideInteger magnitude = negative ? negative_ : positive_;
  magnitude.Subtract(negative ? positive_ : negative_);
  ScaledReal sum = magnitude.ToScaled();
  if (negative) sum.mantissa = -sum.mantissa;
  sum.exponent += exponent_;
  return sum;
}

double ExactTotals::Sum() const noexcept {
  const ScaledReal sum = SignedSum();
  return std::ldexp(sum.mantissa, sum.exponent);
}

double ExactTotals::Mean(int64_t count) const noexcept {
  const ScaledReal sum = SignedSum();
  return std::ldexp(sum.mantissa / static_cast<double>(count), sum.exponent);
}

ScaledReal ExactTotals::ScaledVariance(int64_t count) const noexcept {
  WideInteger square = positive_ < negative_ ? negative_ : positive_;
  square.Subtract(positive_ < negative_ ? positive_ : negative_);
  square = square.Square();
  WideInteger spread = squares_;
  spread.MultiplyBy(static_cast<uint64_t>(count));
  spread.Subtract(square);
  ScaledReal variance = spread.ToScaled();
  const auto n = static_cast<double>(count);
  variance.mantissa = variance.mantissa / n / (n - 1);
  variance.exponent += 2 * exponent_;
  return variance;
}

double ExactTotals::Variance(int64_t count) const noexcept {
  const ScaledReal variance = ScaledVariance(count);
  return std::ldexp(variance.mantissa, variance.exponent);
}

double ExactTotals::StandardDeviation(int64_t count) const noexcept {
  const ScaledReal variance = ScaledVariance(count);
  const bool odd = (variance.exponent & 1) != 0;
  const double mantissa = odd ? 2 * variance.mantissa : variance.mantissa;
  return std::ldexp(std::sqrt(mantissa), (variance.exponent - (odd ? 1 : 0)) / 2);
}

}  // namespace headrace::shape
