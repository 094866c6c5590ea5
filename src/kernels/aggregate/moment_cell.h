#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace headrace::kernels {

/// Sums of numbers without any rounding: whatever the order in which values are added and cells are
/// merged, the outcome is the same to the last bit.
///
/// A double is m * 2^(e - 1075), with its exponent field e (1 for 0 and subnormals) and a mantissa
/// m below 2^53. A cell has a window of kWindow values of e, from `base` on; a value inside it is
///
///     v * 2^(base - 1075)   with   v = m << (e - base),  below 2^63
///
/// and only v is added, in integers. A value outside goes to another cell with another base, that
/// of `more`. An integer is v itself, and needs no base.
///
///             base                    base + 10
///   ─ ─ ─ ─ ─ ─ ┼───────── window ─────────┼ ─ ─ ─ ─ ─▶ e
///    other cells                            other cells; infinities and NaN are `specials`
struct SumCell {
  uint64_t sum_low = 0;   ///< 128 bits in two's complement: enough for 2^63 values
  uint64_t sum_high = 0;  ///< the upper half
  int64_t count = 0;      ///< values, in the window or not
  int16_t base = 1;
  uint16_t specials = 0;
  int32_t more = -1;  ///< the next cell of the group; -1: none. The kernels leave it alone.
};

/// The same with the sum of v * v: 192 bits.
struct MomentCell : SumCell {
  uint64_t squares[3] = {0, 0, 0};
  uint64_t padding = 0;  ///< to a cache line
};
static_assert(sizeof(SumCell) == 32 && sizeof(MomentCell) == 64);

inline constexpr int kWindow = 11;
inline constexpr int kHighestBase = 2047 - kWindow;  // so that infinities and NaN are in no window
inline constexpr int kUnitExponent = -1075;          // of v, for base 0

enum Special : uint16_t { kNaN = 1, kPositiveInfinity = 2, kNegativeInfinity = 4 };

/// The exponent field of a double; 1 for 0 and subnormals.
inline int ExponentOf(double value) noexcept {
  return std::max(1, static_cast<int>(std::bit_cast<uint64_t>(value) >> 52 & 0x7ff));
}

/// The base of a window around a typical value: more room below it than above, because most values
/// of most distributions have neighbours nearer to 0.
inline int16_t BaseAround(int exponent) noexcept {
  return static_cast<int16_t>(std::clamp(exponent - kWindow + 5, 1, kHighestBase));
}

/// Adds a number of 128 bits in two's complement. By comparisons, because g++ 12 keeps the halves
/// of an __int128 in memory.
[[gnu::always_inline]] inline void AddToSum(uint64_t low, uint64_t high, SumCell* cell) noexcept {
  cell->sum_low += low;
  cell->sum_high += high + (cell->sum_low < low ? 1 : 0);
}

[[gnu::always_inline]] inline void AddToSquares(uint64_t low, uint64_t middle, uint64_t high,
                                                MomentCell* cell) noexcept {
  const uint64_t first = cell->squares[0] + low;
  const uint64_t carry = first < low ? 1 : 0;
  const uint64_t sum = cell->squares[1] + middle;
  const uint64_t second = sum + carry;
  cell->squares[0] = first;
  cell->squares[1] = second;
  cell->squares[2] += high + (sum < middle ? 1 : 0) + (second < carry ? 1 : 0);
}

/// Adds a number: its magnitude, and itself in two's complement.
template <typename Cell>
[[gnu::always_inline]] inline void AddNumber(uint64_t magnitude, uint64_t low, uint64_t high,
                                             Cell* cell) noexcept {
  AddToSum(low, high, cell);
  if constexpr (sizeof(Cell) == sizeof(MomentCell)) {
    const unsigned __int128 square = static_cast<unsigned __int128>(magnitude) * magnitude;
    AddToSquares(static_cast<uint64_t>(square), static_cast<uint64_t>(square >> 64), 0, cell);
  }
}

/// Adds a magnitude below 2^63 with a sign (all ones: negative).
template <typename Cell>
[[gnu::always_inline]] inline void AddMagnitude(uint64_t v, uint64_t sign, Cell* cell) noexcept {
  const uint64_t low = (v ^ sign) - sign;
  AddNumber(v, low, static_cast<uint64_t>(static_cast<int64_t>(low) >> 63), cell);
}

/// Adds a finite value to the sums; its count is the caller's. False, and nothing done, if it is
/// not in the window.
template <typename Cell>
inline bool AddToWindow(double value, Cell* cell) noexcept {
  const auto bits = std::bit_cast<uint64_t>(value);
  const uint64_t normal = (bits >> 52 & 0x7ff) != 0 ? 1 : 0;
  const auto shift = static_cast<uint32_t>(ExponentOf(value) - cell->base);
  if (shift >= kWindow) return false;
  const uint64_t mantissa = (bits & ((uint64_t{1} << 52) - 1)) | normal << 52;
  AddMagnitude(mantissa << shift, static_cast<uint64_t>(static_cast<int64_t>(bits) >> 63), cell);
  return true;
}

/// Adds the sums (not the count) of a cell with the same base.
inline void AddSums(const SumCell& from, SumCell* to) noexcept {
  AddToSum(from.sum_low, from.sum_high, to);
}
inline void AddSums(const MomentCell& from, MomentCell* to) noexcept {
  AddToSum(from.sum_low, from.sum_high, to);
  AddToSquares(from.squares[0], from.squares[1], from.squares[2], to);
}

inline bool HasNoSum(const SumCell& cell) noexcept { return (cell.sum_low | cell.sum_high) == 0; }
inline bool HasNoSum(const MomentCell& cell) noexcept {
  return (cell.squares[0] | cell.squares[1] | cell.squares[2]) == 0;
}

}  // namespace headrace::kernels
