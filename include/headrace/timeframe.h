#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/status.h"

namespace headrace {

/// How long a bar is: `count` seconds, minutes (60 s), hours (60 min), days, weeks or months.
struct Timeframe {
  enum class Unit : uint8_t { kSecond, kDay, kWeek, kMonth };
  Unit unit = Unit::kSecond;
  int64_t count = 60;

  static constexpr Timeframe Seconds(int64_t n) noexcept { return {Unit::kSecond, n}; }
  static constexpr Timeframe Minutes(int64_t n) noexcept { return {Unit::kSecond, 60 * n}; }
  static constexpr Timeframe Hours(int64_t n) noexcept { return {Unit::kSecond, 3600 * n}; }
  static constexpr Timeframe Days(int64_t n) noexcept { return {Unit::kDay, n}; }
  static constexpr Timeframe Weeks(int64_t n) noexcept { return {Unit::kWeek, n}; }
  static constexpr Timeframe Months(int64_t n) noexcept { return {Unit::kMonth, n}; }

  /// "1m", "5m", "2h", "1d", "1w", "1mo", "30s".
  std::string ToString() const;
  auto operator<=>(const Timeframe&) const = default;
};

/// A count, which may be left out, and a unit, with or without a space: "1m", "5min", "15 minutes",
/// "2h", "hour", "4 hours", "1d", "day", "1w", "1mo", "month", "30s", in any case: "M" is minutes.
/// Up to a day of seconds, minutes and hours; a whole number of days of them is days.
/// ErrorCode::kInvalidArgument otherwise.
Result<Timeframe> ParseTimeframe(std::string_view text);

/// Whether bars of `finer` make up those of `coarser` without remainder, in any zone and session.
bool Nests(const Timeframe& finer, const Timeframe& coarser) noexcept;

/// When a market is open. Times are seconds since midnight in the zone, [open, close); where open
/// is not before close the session begins on the day before. What trades outside is in no bar.
struct SessionCalendar {
  struct Hours {
    int32_t open_s = 0;
    int32_t close_s = 0;
    auto operator<=>(const Hours&) const = default;
  };
  /// A day that is not as others: without hours a holiday, with other hours a half day.
  struct Exception {
    int32_t date = 0;  ///< days since 1970-01-01
    bool closed = true;
    Hours hours;
    auto operator<=>(const Exception&) const = default;
  };

  std::string name;  ///< part of a series' key; empty: always open
  Hours hours;
  uint8_t weekdays = 0b0011111;       ///< bit 0: Monday
  std::vector<Exception> exceptions;  ///< ascending by date

  bool always_open() const noexcept { return name.empty(); }
  auto operator<=>(const SessionCalendar&) const = default;
};

/// "2024-11-29": days since 1970-01-01. kInvalidArgument for anything else.
Result<int32_t> ParseDate(std::string_view text);
/// "09:30" or "09:30:00": seconds since midnight, at most "24:00". kInvalidArgument otherwise.
Result<int32_t> ParseTimeOfDay(std::string_view text);

}  // namespace headrace
