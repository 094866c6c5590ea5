#pragma once

#include <cstdint>

namespace headrace::codec {

// Decimal texts of numbers, as JSON and CSV share them: at a place that has room for
// kNumberTextBytes (what lies behind the text there may be overwritten). Returns the end.

inline constexpr int64_t kNumberTextBytes = 48;

char* WriteInt64(int64_t value, char* out) noexcept;
char* WriteUInt64(uint64_t value, char* out) noexcept;

/// How a format writes floating numbers.
struct FloatStyle {
  int least_exponent;     ///< below: 1.5e-07
  int greatest_exponent;  ///< above: 1.5e+16
  int exponent_digits;    ///< at least
  bool point_always;      ///< 3.0, not 3
};
/// What Python and most of JSON's writers do.
inline constexpr FloatStyle kJsonFloats{
    .least_exponent = -4, .greatest_exponent = 15, .exponent_digits = 2, .point_always = true};
/// What Arrow's cast to text does.
inline constexpr FloatStyle kCsvFloats{
    .least_exponent = -6, .greatest_exponent = 9, .exponent_digits = 1, .point_always = false};

/// The shortest text that reads back the same. Requires: finite.
template <FloatStyle kStyle, typename Float>
char* WriteShortest(Float value, char* out) noexcept;

extern template char* WriteShortest<kJsonFloats>(double, char*) noexcept;
extern template char* WriteShortest<kJsonFloats>(float, char*) noexcept;
extern template char* WriteShortest<kCsvFloats>(double, char*) noexcept;
extern template char* WriteShortest<kCsvFloats>(float, char*) noexcept;

/// Two digits; `value` < 100.
inline char* WriteTwoDigits(uint32_t value, char* out) noexcept {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
  return out + 2;
}

/// Exactly `width` digits, at most 16, with zeros in front. Requires: that many are enough.
char* WritePadded(uint64_t value, int width, char* out) noexcept;

}  // namespace headrace::codec
