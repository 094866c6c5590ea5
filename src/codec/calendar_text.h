#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace headrace::codec {

/// Units of a timestamp, as many as a second has.
enum class TimeUnit : int64_t {
  kSecond = 1,
  kMilli = 1'000,
  kMicro = 1'000'000,
  kNano = 1'000'000'000,
};

/// A date of the proleptic Gregorian calendar as text, kept for the rows that follow, which mostly
/// are of the same day.
class DateText {
 public:
  /// Room that any date fits in, with what may be overwritten behind it.
  static constexpr int kBytes = 24;

  /// Writes the day, counted from 1970-01-01, as 2024-01-02. Years outside 0000..9999 have a sign
  /// and at least six digits, as ISO 8601 wants it. Returns the end.
  char* Write(int64_t day, char* out) noexcept;

 private:
  void Spell(int64_t day) noexcept;

  int64_t day_ = std::numeric_limits<int64_t>::min();
  int size_ = 0;
  std::array<char, kBytes> text_{};
};

/// A moment cut into its day and what is left of it.
struct Moment {
  int64_t day;  ///< since 1970-01-01
  uint32_t second_of_day;
  uint32_t fraction;  ///< in the unit, less than a second
};
Moment MomentOf(int64_t utc, TimeUnit unit) noexcept;

/// 03:04:05. Returns the end.
char* WriteTimeOfDay(uint32_t second_of_day, char* out) noexcept;

/// The first and the last day of the years 0000 to 9999.
inline constexpr int64_t kFirstPlainDay = -719'528;
inline constexpr int64_t kLastPlainDay = 2'932'896;

}  // namespace headrace::codec
