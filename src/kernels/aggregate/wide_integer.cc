#include "kernels/aggregate/wide_integer.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

namespace headrace::kernels {
namespace {

using Double = unsigned __int128;

uint64_t High(Double value) { return static_cast<uint64_t>(value >> 64); }

}  // namespace

WideInteger& WideInteger::operator=(const WideInteger& other) noexcept {
  size_ = other.size_;
  std::copy(other.limbs_, other.limbs_ + other.size_, limbs_);
  return *this;
}

void WideInteger::Widen(int size) noexcept {
  assert(size <= kMaxLimbs);
  if (size > size_) {
    std::fill(limbs_ + size_, limbs_ + size, 0);
    size_ = size;
  }
}

void WideInteger::Trim() noexcept {
  while (size_ > 0 && limbs_[size_ - 1] == 0) --size_;
}

void WideInteger::AddShifted(std::span<const uint64_t> limbs, int shift) noexcept {
  const int first = shift / 64;
  const int bits = shift % 64;
  const auto count = static_cast<int>(limbs.size());
  Widen(std::min(kMaxLimbs, std::max(size_, first + count + 1) + 1));
  uint64_t below = 0;
  uint64_t carry = 0;
  for (int i = 0; first + i < size_; ++i) {
    const uint64_t limb = i < count ? limbs[static_cast<size_t>(i)] : 0;
    const uint64_t moved = bits == 0 ? limb : limb << bits | below >> (64 - bits);
    below = limb;
    const Double sum = Double{limbs_[first + i]} + moved + carry;
    limbs_[first + i] = static_cast<uint64_t>(sum);
    carry = High(sum);
  }
  assert(carry == 0);
  Trim();
}

void WideInteger::Subtract(const WideInteger& other) noexcept {
  uint64_t borrow = 0;
  for (int i = 0; i < size_; ++i) {
    const Double difference = Double{limbs_[i]} - (i < other.size_ ? other.limbs_[i] : 0) - borrow;
    limbs_[i] = static_cast<uint64_t>(difference);
    borrow = High(difference) != 0 ? 1 : 0;
  }
  assert(borrow == 0);
  Trim();
}

void WideInteger::MultiplyBy(uint64_t factor) noexcept {
  uint64_t carry = 0;
  for (int i = 0; i < size_; ++i) {
    const Double product = Double{limbs_[i]} * factor + carry;
    limbs_[i] = static_cast<uint64_t>(product);
    carry = High(product);
  }
  if (carry != 0) {
    Widen(size_ + 1);
    limbs_[size_ - 1] = carry;
  }
  Trim();
}

WideInteger WideInteger::Square() const noexcept {
  WideInteger square;
  square.Widen(2 * size_);
  for (int i = 0; i < size_; ++i) {
    uint64_t carry = 0;
    for (int j = 0; j < size_; ++j) {
      const Double product = Double{limbs_[i]} * limbs_[j] + square.limbs_[i + j] + carry;
      square.limbs_[i + j] = static_cast<uint64_t>(product);
      carry = High(product);
    }
    square.limbs_[i + size_] = carry;
  }
  square.Trim();
  return square;
}

bool WideInteger::operator<(const WideInteger& other) const noexcept {
  if (size_ != other.size_) return size_ < other.size_;
  for (int i = size_ - 1; i >= 0; --i) {
    if (limbs_[i] != other.limbs_[i]) return limbs_[i] < other.limbs_[i];
  }
  return false;
}

// The 64 bits from the highest 1 on, and below them one that says whether there was anything else:
// then the conversion of 64 bits to a double rounds as if it had seen them all.
ScaledReal WideInteger::ToScaled() const noexcept {
  if (size_ == 0) return {};
  const int zeros = std::countl_zero(limbs_[size_ - 1]);
  uint64_t top = limbs_[size_ - 1] << zeros;
  bool rest = false;
  if (size_ > 1 && zeros > 0) top |= limbs_[size_ - 2] >> (64 - zeros);
  if (size_ > 1) rest = limbs_[size_ - 2] << zeros != 0;
  for (int i = size_ - 3; i >= 0 && !rest; --i) rest = limbs_[i] != 0;
  if (rest) top |= 1;
  return {.mantissa = std::ldexp(static_cast<double>(top), -64), .exponent = 64 * size_ - zeros};
}

}  // namespace headrace::kernels
