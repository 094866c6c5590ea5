#include "codec/number_text.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

namespace headrace::codec {
namespace {

constexpr uint64_t kTenTo4 = 10'000;
constexpr uint64_t kTenTo8 = 100'000'000;
constexpr uint64_t kTenTo16 = kTenTo8 * kTenTo8;

static_assert(std::endian::native == std::endian::little, "digits are made in the lanes of a word");

/// Eight digits in the bytes of a word, the first in the lowest; `value` < 10^8. The halves, then
/// the quarters, then the digits are divided side by side (Paul Khuong, "How to print integers
/// really fast"); the factors are reciprocals that are exact in that range.
///
///   87654321 -> 8765 | 4321 -> 87|65 | 43|21 -> 8|7|6|5 | 4|3|2|1
[[gnu::always_inline]] inline uint64_t EightDigits(uint32_t value) noexcept {
  const uint64_t halves = value / kTenTo4 | (value % kTenTo4) << 32;
  const uint64_t top = ((halves * 10'486) >> 20) & 0x7F'0000'007F;
  const uint64_t quarters = ((halves - 100 * top) << 16) + top;
  const uint64_t tens = ((quarters * 103) >> 10) & 0x000F'000F'000F'000F;
  return tens + ((quarters - 10 * tens) << 8);
}

[[gnu::always_inline]] inline char* PutEight(uint32_t value, char* out) noexcept {
  const uint64_t text = EightDigits(value) | 0x3030'3030'3030'3030;
  std::memcpy(out, &text, sizeof text);
  return out + sizeof text;
}

/// Without zeros in front; `value` < 10^8.
[[gnu::always_inline]] inline char* PutUpToEight(uint32_t value, char* out) noexcept {
  const uint64_t digits = EightDigits(value);
  const int zeros = std::countr_zero(digits | uint64_t{1} << 56) / 8;
  const uint64_t text = (digits | 0x3030'3030'3030'3030) >> (8 * zeros);
  std::memcpy(out, &text, sizeof text);
  return out + sizeof text - zeros;
}

/// Digits of a decimal number, and room behind them that copies of fixed length may read.
struct Digits {
  std::array<char, 48> text;
  const char* begin;
  int count;
};

/// `value` is not 0 and has at most 17 digits.
[[gnu::always_inline]] inline void Spell(uint64_t value, Digits* digits) noexcept {
  char* const text = digits->text.data();
  const auto first = static_cast<uint32_t>(value / kTenTo16);
  const uint64_t rest = value % kTenTo16;
  text[0] = static_cast<char>('0' + first);
  const uint64_t high = EightDigits(static_cast<uint32_t>(rest / kTenTo8));
  const uint64_t low = EightDigits(static_cast<uint32_t>(rest % kTenTo8));
  const uint64_t high_text = high | 0x3030'3030'3030'3030;
  const uint64_t low_text = low | 0x3030'3030'3030'3030;
  std::memcpy(text + 1, &high_text, sizeof high_text);
  std::memcpy(text + 9, &low_text, sizeof low_text);
  int zeros = 0;
  if (first == 0) {
    zeros = 1 + (high != 0 ? std::countr_zero(high) / 8 : 8 + std::countr_zero(low) / 8);
  }
  digits->begin = text + zeros;
  digits->count = 17 - zeros;
}

template <FloatStyle kStyle>
char* PutExponent(int exponent, char* out) noexcept {
  *out++ = 'e';
  *out++ = exponent < 0 ? '-' : '+';
  const auto magnitude = static_cast<uint32_t>(std::abs(exponent));
  if constexpr (kStyle.exponent_digits == 2) {
    if (magnitude < 10) return WriteTwoDigits(magnitude, out);
  }
  return PutUpToEight(magnitude, out);
}

/// `point` digits stand before the point. Copies are of fixed length, because their own length is
/// known too late.
template <FloatStyle kStyle>
[[gnu::always_inline]] inline char* PlaceDigits(const Digits& digits, int point,
                                                char* out) noexcept {
  const char* const from = digits.begin;
  const int count = digits.count;
  const int exponent = point - 1;
  if (exponent < kStyle.least_exponent || exponent > kStyle.greatest_exponent) {
    *out++ = *from;
    if (count > 1) {
      *out++ = '.';
      std::memcpy(out, from + 1, 16);
      out += count - 1;
    }
    return PutExponent<kStyle>(exponent, out);
  }
  if (point <= 0) {
    std::memcpy(out, "0.000000", 8);
    out += 2 - point;
    std::memcpy(out, from, 17);
    return out + count;
  }
  std::memcpy(out, from, 16);
  if (point < count) {
    out[point] = '.';
    std::memcpy(out + point + 1, from + point, 16);
    return out + count + 1;
  }
  out[16] = from[16];
  std::memcpy(out + count, "0000000000000000", 16);
  out += point;
  if constexpr (kStyle.point_always) {
    *out++ = '.';
    *out++ = '0';
  }
  return out;
}

/// Most measured values have few decimals, and for them there is a way that is quicker than the
/// general one. If n = round(v · 10^k) is below 10^15 and n / 10^k gives v again, then the decimal
/// n · 10^-k reads back as v (n and 10^k are exact, division rounds as reading does). It is the
/// shortest: no two decimals of 15 digits share a double. False if v is not of that kind, or 0.
[[gnu::always_inline]] inline bool FewDecimals(double magnitude, uint64_t* n,
                                               int* exponent) noexcept {
  constexpr double kScale = 10'000;  // k = 4
  constexpr double kLimit = 1e15;
  const double scaled = magnitude * kScale;
  if (!(scaled < kLimit)) return false;
  *n = static_cast<uint64_t>(scaled + 0.5);
  if (*n == 0 || static_cast<double>(*n) / kScale != magnitude) return false;
  *exponent = -4;
  if (*n % 100 == 0) {
    *n /= 100;
    *exponent = -2;
  }
  while (*n % 10 == 0) {
    *n /= 10;
    ++*exponent;
  }
  return true;
}

}  // namespace

char* WriteUInt64(uint64_t value, char* out) noexcept {
  if (value < kTenTo8) return PutUpToEight(static_cast<uint32_t>(value), out);
  if (value < kTenTo16) {
    out = PutUpToEight(static_cast<uint32_t>(value / kTenTo8), out);
    return PutEight(static_cast<uint32_t>(value % kTenTo8), out);
  }
  out = PutUpToEight(static_cast<uint32_t>(value / kTenTo16), out);
  out = PutEight(static_cast<uint32_t>(value / kTenTo8 % kTenTo8), out);
  return PutEight(static_cast<uint32_t>(value % kTenTo8), out);
}

char* WriteInt64(int64_t value, char* out) noexcept {
  *out = '-';
  const uint64_t magnitude =
      value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  return WriteUInt64(magnitude, out + (value < 0 ? 1 : 0));
}

char* WritePadded(uint64_t value, int width, char* out) noexcept {
  std::array<char, 16> digits;
  PutEight(static_cast<uint32_t>(value / kTenTo8), digits.data());
  PutEight(static_cast<uint32_t>(value % kTenTo8), digits.data() + 8);
  std::memcpy(out, digits.data() + digits.size() - width, static_cast<size_t>(width));
  return out + width;
}

template <FloatStyle kStyle, typename Float>
char* WriteShortest(Float value, char* out) noexcept {
  *out = '-';
  out += std::signbit(value) ? 1 : 0;
  const Float magnitude = std::fabs(value);
  if (magnitude == 0) {
    *out++ = '0';
    if constexpr (kStyle.point_always) {
      *out++ = '.';
      *out++ = '0';
    }
    return out;
  }
  uint64_t significand = 0;
  int exponent = 0;
  if (sizeof(Float) < sizeof(double) || !FewDecimals(magnitude, &significand, &exponent)) {
    // Dragonbox; fmt's own formatting spends as long again on what is done here.
    const auto decimal = fmt::detail::dragonbox::to_decimal(magnitude);
    significand = decimal.significand;
    exponent = decimal.exponent;
  }
  Digits digits;
  Spell(significand, &digits);
  return PlaceDigits<kStyle>(digits, digits.count + exponent, out);
}

template char* WriteShortest<kJsonFloats>(double, char*) noexcept;
template char* WriteShortest<kJsonFloats>(float, char*) noexcept;
template char* WriteShortest<kCsvFloats>(double, char*) noexcept;
template char* WriteShortest<kCsvFloats>(float, char*) noexcept;

}  // namespace headrace::codec
