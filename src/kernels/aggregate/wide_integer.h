#pragma once

#include <cstdint>
#include <span>

namespace headrace::kernels {

/// mantissa * 2^exponent; the mantissa is 0 or in [1/2, 1].
struct ScaledReal {
  double mantissa = 0;
  int exponent = 0;
};

/// A number of 0 or more, of any size that a sum of squares of doubles can have. Without
/// allocation; cost O(limbs in use).
class WideInteger {
 public:
  /// 2 * (2035 bits of windows + 128 bits of a sum) and 64 bits of a count fit.
  static constexpr int kMaxLimbs = 70;

  WideInteger() noexcept = default;
  WideInteger(const WideInteger& other) noexcept { *this = other; }
  WideInteger& operator=(const WideInteger& other) noexcept;

  /// this += limbs * 2^shift; limbs come lowest first. Requires: the sum fits.
  void AddShifted(std::span<const uint64_t> limbs, int shift) noexcept;
  /// this -= other. Requires: other <= this.
  void Subtract(const WideInteger& other) noexcept;
  /// this *= factor. Requires: the product fits.
  void MultiplyBy(uint64_t factor) noexcept;
  /// Requires: the square fits.
  WideInteger Square() const noexcept;

  bool IsZero() const noexcept { return size_ == 0; }
  bool operator<(const WideInteger& other) const noexcept;

  /// Rounded once, to the nearest double mantissa and to even.
  ScaledReal ToScaled() const noexcept;

 private:
  void Widen(int size) noexcept;
  void Trim() noexcept;

  int size_ = 0;  // limbs in use: the highest is not 0
  uint64_t limbs_[kMaxLimbs];
};

}  // namespace headrace::kernels
