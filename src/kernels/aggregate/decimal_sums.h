#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "kernels/aggregate/grouped_rows.h"

namespace headrace::kernels {

/// The exact sum of a group's integers of 64 * kLimbs bits, in two's complement, lowest limb first,
/// with 64 bits more than they have: no 2^63 of them are too many.
template <int kLimbs>
struct DecimalSumCell {
  std::array<uint64_t, kLimbs + 1> limbs = {};
  int64_t count = 0;

  bool IsNegative() const noexcept { return static_cast<int64_t>(limbs.back()) < 0; }
  /// The sum without its sign.
  std::array<uint64_t, kLimbs + 1> Magnitude() const noexcept;
  /// this += other.
  void Add(const DecimalSumCell& other) noexcept;
};

/// Adds values, integers of 8 * kLimbs bytes at any address, to the cells of their groups.
template <int kLimbs>
void AddDecimals(const uint8_t* values, const GroupedRows& rows,
                 DecimalSumCell<kLimbs>* cells) noexcept;

extern template struct DecimalSumCell<2>;
extern template struct DecimalSumCell<4>;
extern template void AddDecimals<2>(const uint8_t*, const GroupedRows&,
                                    DecimalSumCell<2>*) noexcept;
extern template void AddDecimals<4>(const uint8_t*, const GroupedRows&,
                                    DecimalSumCell<4>*) noexcept;

}  // namespace headrace::kernels
