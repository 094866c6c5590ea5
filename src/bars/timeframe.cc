#include "headrace/timeframe.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace {
namespace {

using Unit = Timeframe::Unit;

constexpr int64_t kDaySeconds = 86'400;
constexpr int64_t kMostCount = 100'000;

struct Spelling {
  std::string_view text;
  Timeframe one;
};

constexpr std::array kSpellings = {
    Spelling{"s", Timeframe::Seconds(1)},       Spelling{"sec", Timeframe::Seconds(1)},
    Spelling{"secs", Timeframe::Seconds(1)},    Spelling{"second", Timeframe::Seconds(1)},
    Spelling{"seconds", Timeframe::Seconds(1)}, Spelling{"m", Timeframe::Minutes(1)},
    Spelling{"min", Timeframe::Minutes(1)},     Spelling{"mins", Timeframe::Minutes(1)},
    Spelling{"minute", Timeframe::Minutes(1)},  Spelling{"minutes", Timeframe::Minutes(1)},
    Spelling{"h", Timeframe::Hours(1)},         Spelling{"hr", Timeframe::Hours(1)},
    Spelling{"hour", Timeframe::Hours(1)},      Spelling{"hours", Timeframe::Hours(1)},
    Spelling{"d", Timeframe::Days(1)},          Spelling{"day", Timeframe::Days(1)},
    Spelling{"days", Timeframe::Days(1)},       Spelling{"w", Timeframe::Weeks(1)},
    Spelling{"wk", Timeframe::Weeks(1)},        Spelling{"week", Timeframe::Weeks(1)},
    Spelling{"weeks", Timeframe::Weeks(1)},     Spelling{"mo", Timeframe::Months(1)},
    Spelling{"mon", Timeframe::Months(1)},      Spelling{"month", Timeframe::Months(1)},
    Spelling{"months", Timeframe::Months(1)},
};

Status BadTimeframe(std::string_view text, std::string_view why) {
  return MakeError(ErrorCode::kInvalidArgument, fmt::format("'{}' is no timeframe: {}", text, why),
                   {"timeframe"});
}

std::string UnitHint(std::string_view unit) {
  std::vector<std::string> known;
  for (const Spelling& s : kSpellings) known.emplace_back(s.text);
  const std::string_view nearest = unit.size() > 2 ? NearestName(unit, known) : std::string_view();
  if (!nearest.empty()) return fmt::format("did you mean '{}'?", nearest);
  return "a count and s, m, h, d, w or mo, such as '5m' or '15 minutes'";
}

Result<int64_t> ReadCount(std::string_view text, std::string_view whole) {
  if (text.empty()) return 1;
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size() || count < 1 || count > kMostCount) {
    return BadTimeframe(whole, fmt::format("its count is 1 to {}", kMostCount));
  }
  return count;
}

/// Exactly two digits, at most `most`.
bool ReadTwoDigits(std::string_view text, int most, int* out) {
  if (text.size() != 2 || !std::isdigit(text[0]) || !std::isdigit(text[1])) return false;
  *out = (text[0] - '0') * 10 + (text[1] - '0');
  return *out <= most;
}

}  // namespace

std::string Timeframe::ToString() const {
  switch (unit) {
    case Unit::kDay: return fmt::format("{}d", count);
    case Unit::kWeek: return fmt::format("{}w", count);
    case Unit::kMonth: return fmt::format("{}mo", count);
    case Unit::kSecond: break;
  }
  if (count % 3600 == 0) return fmt::format("{}h", count / 3600);
  if (count % 60 == 0) return fmt::format("{}m", count / 60);
  return fmt::format("{}s", count);
}

Result<Timeframe> ParseTimeframe(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  ARROW_ASSIGN_OR_RAISE(const int64_t count, ReadCount(rest.substr(0, digits), text));
  std::string unit(rest.substr(digits));
  unit.erase(0, unit.find_first_not_of(' '));
  for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto* const found = std::find_if(kSpellings.begin(), kSpellings.end(),
                                         [&](const Spelling& s) { return s.text == unit; });
  if (found == kSpellings.end()) return BadTimeframe(text, UnitHint(unit));
  Timeframe frame = found->one;
  frame.count *= count;
  if (frame.unit == Unit::kSecond && frame.count % kDaySeconds == 0) {
    frame = Timeframe::Days(frame.count / kDaySeconds);
  }
  if (frame.unit == Unit::kSecond && frame.count > kDaySeconds) {
    return BadTimeframe(text, "more than a day is a whole number of days");
  }
  return frame;
}

bool Nests(const Timeframe& finer, const Timeframe& coarser) noexcept {
  if (finer.unit == coarser.unit) return coarser.count % finer.count == 0;
  if (finer.unit == Unit::kSecond) return true;
  return finer.unit == Unit::kDay && finer.count == 1 && coarser.unit != Unit::kSecond;
}

Result<int32_t> ParseDate(std::string_view text) {
  const auto bad = [&] {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("'{}' is no date such as 2024-11-29", text), {"date"});
  };
  int century = 0, year = 0, month = 0, day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' ||
      !ReadTwoDigits(text.substr(0, 2), 99, &century) ||
      !ReadTwoDigits(text.substr(2, 2), 99, &year) ||
      !ReadTwoDigits(text.substr(5, 2), 12, &month) ||
      !ReadTwoDigits(text.substr(8, 2), 31, &day)) {
    return bad();
  }
  const std::chrono::year_month_day date{std::chrono::year(century * 100 + year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return bad();
  return static_cast<int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

Result<int32_t> ParseTimeOfDay(std::string_view text) {
  int hour = 0, minute = 0, second = 0;
  const bool seconds = text.size() == 8;
  if ((text.size() != 5 && !seconds) || text[2] != ':' ||
      !ReadTwoDigits(text.substr(0, 2), 24, &hour) ||
      !ReadTwoDigits(text.substr(3, 2), 59, &minute) ||
      (seconds && (text[5] != ':' || !ReadTwoDigits(text.substr(6, 2), 59, &second))) ||
      hour * 3600 + minute * 60 + second > kDaySeconds) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("'{}' is no time of day such as 09:30", text), {"time"});
  }
  return hour * 3600 + minute * 60 + second;
}

}  // namespace headrace
