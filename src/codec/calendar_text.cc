#include "codec/calendar_text.h"

#include <cstring>

#include "codec/number_text.h"

namespace headrace::codec {
namespace {

/// Days since 1970-01-01 to a date, by Howard Hinnant's civil_from_days: years begin in March, so
/// that the leap day is the last.
struct Date {
  int64_t year;
  uint32_t month;
  uint32_t day;
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
          .month = static_cast<uint32_t>(month),
          .day = static_cast<uint32_t>(day_of_year - (153 * month_from_march + 2) / 5 + 1)};
}

char* WriteYear(int64_t year, char* out) noexcept {
  if (year >= 0 && year <= 9999) return WritePadded(static_cast<uint64_t>(year), 4, out);
  *out++ = year < 0 ? '-' : '+';
  const auto magnitude = static_cast<uint64_t>(year < 0 ? -year : year);
  return magnitude < 1'000'000 ? WritePadded(magnitude, 6, out) : WriteUInt64(magnitude, out);
}

/// The divisor is a constant, so that dividing is multiplying.
template <int64_t kPerSecond>
Moment Cut(int64_t utc) noexcept {
  constexpr int64_t kDaySeconds = 86'400;
  int64_t seconds = utc / kPerSecond;
  int64_t fraction = utc % kPerSecond;
  if (fraction < 0) {
    fraction += kPerSecond;
    --seconds;
  }
  int64_t day = seconds / kDaySeconds;
  int64_t second_of_day = seconds % kDaySeconds;
  if (second_of_day < 0) {
    second_of_day += kDaySeconds;
    --day;
  }
  return {.day = day,
          .second_of_day = static_cast<uint32_t>(second_of_day),
          .fraction = static_cast<uint32_t>(fraction)};
}

}  // namespace

char* DateText::Write(int64_t day, char* out) noexcept {
  if (day != day_) Spell(day);
  std::memcpy(out, text_.data(), kBytes);
  return out + size_;
}

void DateText::Spell(int64_t day) noexcept {
  day_ = day;
  const Date date = DateOf(day);
  std::array<char, 64> text{};
  char* out = WriteYear(date.year, text.data());
  *out++ = '-';
  out = WriteTwoDigits(date.month, out);
  *out++ = '-';
  out = WriteTwoDigits(date.day, out);
  size_ = static_cast<int>(out - text.data());
  std::memcpy(text_.data(), text.data(), kBytes);
}

Moment MomentOf(int64_t utc, TimeUnit unit) noexcept {
  switch (unit) {
    case TimeUnit::kSecond: return Cut<1>(utc);
    case TimeUnit::kMilli: return Cut<1'000>(utc);
    case TimeUnit::kMicro: return Cut<1'000'000>(utc);
    case TimeUnit::kNano: break;
  }
  return Cut<1'000'000'000>(utc);
}

char* WriteTimeOfDay(uint32_t second_of_day, char* out) noexcept {
  out = WriteTwoDigits(second_of_day / 3600, out);
  *out++ = ':';
  out = WriteTwoDigits(second_of_day / 60 % 60, out);
  *out++ = ':';
  return WriteTwoDigits(second_of_day % 60, out);
}

}  // namespace headrace::codec
