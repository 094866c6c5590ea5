#include "server/pgwire/value_text.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace headrace::server::pgwire {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kDayUs = 86'400 * kSecondUs;

template <typename Float>
void Print(Float value, int first_exponent, std::string* out) {
  if (std::isnan(value)) {
    *out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    *out += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  char text[64];
  const auto scientific =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific);
  const std::string_view digits(text, static_cast<size_t>(scientific.ptr - text));
  const char* sign = text + digits.find('e') + 1;
  int exponent = 0;
  std::from_chars(*sign == '+' ? sign + 1 : sign, scientific.ptr, exponent);
  if (exponent < -4 || exponent >= first_exponent) {
    out->append(digits);
    return;
  }
  const auto fixed = std::to_chars(text, text + sizeof(text), value, std::chars_format::fixed);
  out->append(text, fixed.ptr);
}

struct Civil {
  int64_t year;
  int month;
  int day;
};

/// Of days since 1970 in the proleptic Gregorian calendar: years of 365.2425 days that begin in
/// March, so that the leap day is a year's last (H. Hinnant, "chrono-compatible low-level date
/// algorithms").
Civil CivilOf(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t of_era = days - era * 146097;
  const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const int64_t month = (5 * of_year + 2) / 153;
  return {.year = year + era * 400 + (month >= 10 ? 1 : 0),
          .month = static_cast<int>(month < 10 ? month + 3 : month - 9),
          .day = static_cast<int>(of_year - (153 * month + 2) / 5 + 1)};
}

void PrintDigits(int64_t value, int width, std::string* out) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  for (auto have = end - text; have < width; ++have) out->push_back('0');
  out->append(text, end);
}

/// Whether the year is before Christ, which is said last.
bool PrintCivil(int64_t days, std::string* out) {
  const Civil civil = CivilOf(days);
  PrintDigits(civil.year > 0 ? civil.year : 1 - civil.year, 4, out);
  out->push_back('-');
  PrintDigits(civil.month, 2, out);
  out->push_back('-');
  PrintDigits(civil.day, 2, out);
  return civil.year <= 0;
}

void PrintFraction(int64_t micros, std::string* out) {
  if (micros == 0) return;
  out->push_back('.');
  PrintDigits(micros, 6, out);
  while (out->back() == '0') out->pop_back();
}

}  // namespace

void PrintFloat(double value, std::string* out) { Print(value, 15, out); }
void PrintFloat(float value, std::string* out) { Print(value, 6, out); }

void PrintDate(int32_t days, std::string* out) {
  constexpr int32_t kInfinite = std::numeric_limits<int32_t>::max();
  if (days == kInfinite || days == -kInfinite) {
    *out += days > 0 ? "infinity" : "-infinity";
  } else if (PrintCivil(days, out)) {
    *out += " BC";
  }
}

void PrintTime(int64_t micros, std::string* out) {
  PrintDigits(micros / (3600 * kSecondUs), 2, out);
  out->push_back(':');
  PrintDigits(micros / (60 * kSecondUs) % 60, 2, out);
  out->push_back(':');
  PrintDigits(micros / kSecondUs % 60, 2, out);
  PrintFraction(micros % kSecondUs, out);
}

void PrintTimestamp(int64_t micros, std::string_view zone, std::string* out) {
  constexpr int64_t kInfinite = std::numeric_limits<int64_t>::max();
  if (micros == kInfinite || micros == -kInfinite) {
    *out += micros > 0 ? "infinity" : "-infinity";
    return;
  }
  const int64_t days = micros / kDayUs - (micros % kDayUs < 0 ? 1 : 0);
  const bool is_bc = PrintCivil(days, out);
  out->push_back(' ');
  PrintTime(micros - days * kDayUs, out);
  out->append(zone);
  if (is_bc) *out += " BC";
}

void PrintInterval(int32_t months, int32_t days, int64_t micros, std::string* out) {
  const size_t begin = out->size();
  bool after_negative = false;
  const auto part = [&](int64_t value, std::string_view unit) {
    if (value == 0) return;
    if (out->size() > begin) out->push_back(' ');
    // A positive part behind a negative one says so.
    *out += fmt::format("{}{} {}{}", after_negative && value > 0 ? "+" : "", value, unit,
                        value == 1 ? "" : "s");
    after_negative = value < 0;
  };
  part(months / 12, "year");
  part(months % 12, "mon");
  part(days, "day");
  if (micros == 0 && out->size() > begin) return;
  if (out->size() > begin) out->push_back(' ');
  if (micros < 0) {
    out->push_back('-');
  } else if (after_negative) {
    out->push_back('+');
  }
  const auto size =
      micros < 0 ? uint64_t{0} - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  PrintDigits(static_cast<int64_t>(size / 3'600'000'000U), 2, out);
  out->push_back(':');
  PrintDigits(static_cast<int64_t>(size / 60'000'000U % 60), 2, out);
  out->push_back(':');
  PrintDigits(static_cast<int64_t>(size / 1'000'000U % 60), 2, out);
  PrintFraction(static_cast<int64_t>(size % 1'000'000U), out);
}

void PrintBytes(std::string_view bytes, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  *out += "\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out->push_back(kHex[byte >> 4]);
    out->push_back(kHex[byte & 15]);
  }
}

void PrintJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      *out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

void PrintArrayElement(std::string_view text, std::string* out) {
  constexpr std::string_view kSpecial = "{},\"\\ \t\n\r\v\f";
  const bool is_null_word = text.size() == 4 && (text[0] | 32) == 'n' && (text[1] | 32) == 'u' &&
                            (text[2] | 32) == 'l' && (text[3] | 32) == 'l';
  if (!text.empty() && !is_null_word && text.find_first_of(kSpecial) == std::string_view::npos) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out->push_back('\\');
    out->push_back(c);
  }
  out->push_back('"');
}

}  // namespace headrace::server::pgwire
