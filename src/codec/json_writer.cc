#include "codec/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstring>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "codec/json_rows.h"

namespace headrace::codec {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

char* Put(std::string_view text, char* out) noexcept {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

/// Decimal digits of `value`, at least `width` of them.
char* PutPadded(uint64_t value, int width, char* out) noexcept {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  for (auto missing = width - (end - digits.data()); missing > 0; --missing) {
    *out++ = '0';
  }
  return Put({digits.data(), static_cast<size_t>(end - digits.data())}, out);
}

/// Two digits at a time; `value` < 100.
char* PutTwo(int64_t value, char* out) noexcept {
  *out++ = static_cast<char>('0' + value / 10);
  *out++ = static_cast<char>('0' + value % 10);
  return out;
}

/// Most measured values have few decimals, and for them there is a way that is several times
/// quicker than the general one. If n = round(v · 10^k) is below 10^15 and n / 10^k gives v again,
/// then the decimal n · 10^-k reads back as v (n and 10^k are exact, division rounds as reading
/// does). It is the shortest: no two decimals of 15 digits share a double. Returns null if v is not
/// of that kind.
char* PutFewDecimals(double value, char* out) noexcept {
  constexpr double kScale = 10'000;  // k = 4
  constexpr double kLimit = 1e15;
  const double magnitude = std::fabs(value);
  const double scaled = magnitude * kScale;
  if (!(scaled < kLimit)) {
    return nullptr;
  }
  const auto n = static_cast<uint64_t>(scaled + 0.5);
  if (static_cast<double>(n) / kScale != magnitude) {
    return nullptr;
  }
  if (std::signbit(value)) {
    *out++ = '-';
  }
  out = std::to_chars(out, out + 20, n / 10'000).ptr;
  *out++ = '.';
  const auto fraction = static_cast<int64_t>(n % 10'000);
  PutTwo(fraction / 100, out);
  PutTwo(fraction % 100, out + 2);
  int digits = 4;
  while (digits > 1 && out[digits - 1] == '0') {
    --digits;
  }
  return out + digits;
}

template <typename Float>
char* PutShortest(Float value, char* out) noexcept {
  char* const end = fmt::format_to(out, FMT_COMPILE("{}"), value);
  for (const char* c = out; c != end; ++c) {
    if (*c == '.' || *c == 'e') {
      return end;
    }
  }
  return Put(".0", end);
}

/// Days since 1970-01-01 to a date of the proleptic Gregorian calendar, by Howard Hinnant's
/// civil_from_days: years begin in March, so that the leap day is the last.
struct Date {
  int64_t year;
  int64_t month;
  int64_t day;
};
Date DateOf(int64_t days) noexcept {
  const int64_t shifted = days + 719'468;  // since 0000-03-01
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
          .month = month,
          .day = day_of_year - (153 * month_from_march + 2) / 5 + 1};
}

char* PutYear(int64_t year, char* out) noexcept {
  if (year >= 0 && year <= 9999) {
    return PutPadded(static_cast<uint64_t>(year), 4, out);
  }
  *out++ = year < 0 ? '-' : '+';
  return PutPadded(static_cast<uint64_t>(year < 0 ? -year : year), 6, out);
}

/// Length of the UTF-8 sequence at `text`, 0 if it is none (Unicode 15, table 3-7).
size_t SequenceLength(std::string_view text) noexcept {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  if (first < 0xE0) return continues(1) ? 2 : 0;
  if (first < 0xF0) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  const unsigned low = first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
  return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
}

char* PutEscaped(unsigned char c, char* out) noexcept {
  *out++ = '\\';
  switch (c) {
    case '"': *out++ = '"'; return out;
    case '\\': *out++ = '\\'; return out;
    case '\b': *out++ = 'b'; return out;
    case '\f': *out++ = 'f'; return out;
    case '\n': *out++ = 'n'; return out;
    case '\r': *out++ = 'r'; return out;
    case '\t': *out++ = 't'; return out;
    default:
      out = Put("u00", out);
      *out++ = kHexDigits[c >> 4];
      *out++ = kHexDigits[c & 15];
      return out;
  }
}

constexpr bool IsPlain(unsigned char c) noexcept {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

}  // namespace

char* WriteJsonInt64(int64_t value, char* out) noexcept {
  return std::to_chars(out, out + kJsonScalarBytes, value).ptr;
}

char* WriteJsonUInt64(uint64_t value, char* out) noexcept {
  return std::to_chars(out, out + kJsonScalarBytes, value).ptr;
}

char* WriteJsonDouble(double value, char* out) noexcept {
  if (char* const end = PutFewDecimals(value, out)) {
    return end;
  }
  return std::isfinite(value) ? PutShortest(value, out) : Put("null", out);
}

char* WriteJsonFloat(float value, char* out) noexcept {
  return std::isfinite(value) ? PutShortest(value, out) : Put("null", out);
}

char* WriteJsonTimestamp(int64_t utc, TimeUnit unit, char* out) noexcept {
  constexpr int64_t kDaySeconds = 86'400;
  const auto per_second = static_cast<int64_t>(unit);
  int64_t seconds = utc / per_second;
  int64_t fraction = utc % per_second;
  if (fraction < 0) {
    fraction += per_second;
    --seconds;
  }
  int64_t days = seconds / kDaySeconds;
  int64_t second_of_day = seconds % kDaySeconds;
  if (second_of_day < 0) {
    second_of_day += kDaySeconds;
    --days;
  }
  const Date date = DateOf(days);
  *out++ = '"';
  out = PutYear(date.year, out);
  *out++ = '-';
  out = PutTwo(date.month, out);
  *out++ = '-';
  out = PutTwo(date.day, out);
  *out++ = 'T';
  out = PutTwo(second_of_day / 3600, out);
  *out++ = ':';
  out = PutTwo(second_of_day / 60 % 60, out);
  *out++ = ':';
  out = PutTwo(second_of_day % 60, out);
  if (fraction != 0) {
    int64_t ns = fraction * (static_cast<int64_t>(TimeUnit::kNano) / per_second);
    int digits = 9;
    for (; ns % 1000 == 0; ns /= 1000) {
      digits -= 3;
    }
    *out++ = '.';
    out = PutPadded(static_cast<uint64_t>(ns), digits, out);
  }
  return Put("Z\"", out);
}

char* WriteJsonString(std::string_view text, char* out) noexcept {
  *out++ = '"';
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && IsPlain(static_cast<unsigned char>(text[plain]))) {
      ++plain;
    }
    out = Put(text.substr(0, plain), out);
    text.remove_prefix(plain);
    if (text.empty()) {
      break;
    }
    const auto c = static_cast<unsigned char>(text[0]);
    if (c < 0x80) {
      out = PutEscaped(c, out);
      text.remove_prefix(1);
    } else if (const size_t length = SequenceLength(text); length > 0) {
      out = Put(text.substr(0, length), out);
      text.remove_prefix(length);
    } else {
      out = Put("\xEF\xBF\xBD", out);
      text.remove_prefix(1);
    }
  }
  *out++ = '"';
  return out;
}

void WriteJsonString(std::string_view text, std::string* out) {
  const size_t before = out->size();
  out->resize(before + static_cast<size_t>(JsonStringBound(static_cast<int64_t>(text.size()))));
  out->resize(static_cast<size_t>(WriteJsonString(text, out->data() + before) - out->data()));
}

void AppendJsonInt64(int64_t value, std::string* out) {
  std::array<char, kJsonScalarBytes> text;
  out->append(text.data(), WriteJsonInt64(value, text.data()));
}

void AppendJsonDouble(double value, std::string* out) {
  std::array<char, kJsonScalarBytes> text;
  out->append(text.data(), WriteJsonDouble(value, text.data()));
}

void AppendJsonTimestamp(int64_t utc_ns, std::string* out) {
  std::array<char, kJsonScalarBytes> text;
  out->append(text.data(), WriteJsonTimestamp(utc_ns, TimeUnit::kNano, text.data()));
}

}  // namespace headrace::codec
