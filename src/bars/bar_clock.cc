#include "bars/bar_clock.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::bars {
namespace {

using Unit = Timeframe::Unit;
using kernels::TimeGrid;
using kernels::TimeSpan;

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kDaySeconds = 86'400;
constexpr int64_t kFirstMonday = 4;       // 1970-01-05
constexpr int64_t kLongestClosure = 366;  // days that are looked through for a session

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }

TimeGrid OneBar(int64_t begin, int64_t end) { return {begin, end, begin, end - begin}; }

int64_t MonthOf(int64_t date) {
  const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(date))};
  return int64_t{static_cast<int>(day.year())} * 12 + static_cast<unsigned>(day.month()) - 1;
}

int64_t FirstDayOf(int64_t month) {
  const int64_t year = FloorDiv(month, 12);
  const std::chrono::year_month_day day{
      std::chrono::year(static_cast<int>(year)),
      std::chrono::month(static_cast<unsigned>(month - year * 12 + 1)), std::chrono::day(1)};
  return std::chrono::sys_days(day).time_since_epoch().count();
}

Status CheckCalendar(const SessionCalendar& calendar) {
  const auto bad = [](std::string why) {
    return MakeError(ErrorCode::kInvalidArgument, std::move(why), {"session"});
  };
  const auto good = [](const SessionCalendar::Hours& hours) {
    return hours.open_s >= 0 && hours.close_s >= 0 && hours.open_s <= kDaySeconds &&
           hours.close_s <= kDaySeconds;
  };
  if (!good(calendar.hours) || calendar.weekdays == 0 || calendar.weekdays > 127) {
    return bad(fmt::format("session '{}': hours are seconds of a day, weekdays at least one of 7",
                           calendar.name));
  }
  // Sessions must not overlap: one that begins the day before begins behind the close.
  for (const auto& e : calendar.exceptions) {
    if (!e.closed && !good(e.hours)) {
      return bad(
          fmt::format("session '{}': the hours of day {} are not of a day", calendar.name, e.date));
    }
  }
  const auto by_date = [](const auto& a, const auto& b) { return a.date < b.date; };
  if (!std::is_sorted(calendar.exceptions.begin(), calendar.exceptions.end(), by_date)) {
    return bad(
        fmt::format("session '{}': exceptions are not in the order of dates", calendar.name));
  }
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<const BarClock>> BarClock::Make(Timeframe timeframe, std::string_view zone,
                                                       const SessionCalendar& calendar) {
  if (timeframe.count < 1 || timeframe.count > 100'000 ||
      (timeframe.unit == Unit::kSecond && timeframe.count > kDaySeconds)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("{} {} is no timeframe", timeframe.count,
                                 timeframe.unit == Unit::kSecond ? "seconds" : "days or longer"),
                     {"timeframe"});
  }
  if (!calendar.always_open()) ARROW_RETURN_NOT_OK(CheckCalendar(calendar));
  ARROW_ASSIGN_OR_RAISE(Zone found, Zone::Find(zone));
  return std::shared_ptr<const BarClock>(
      std::make_unique<BarClock>(BarClock(timeframe, std::move(found), calendar)));
}

BarClock::Stretch BarClock::At(int64_t time) const {
  return calendar_.always_open() ? AlwaysOpen(time) : InSession(time);
}

/// The local date of an instant; dates follow each other also where the clock is put back over
/// midnight.
int64_t BarClock::DateAt(int64_t time) const {
  int64_t date = FloorDiv(time + zone_.PeriodAt(time).offset, kDayNs);
  while (Midnight(date) > time) --date;
  while (Midnight(date + 1) <= time) ++date;
  return date;
}

BarClock::Dates BarClock::GroupOf(int64_t date) const {
  const int64_t n = timeframe_.count;
  if (timeframe_.unit == Unit::kMonth) {
    const int64_t first = FloorDiv(MonthOf(date), n) * n;
    return {FirstDayOf(first), FirstDayOf(first + n)};
  }
  const int64_t days = timeframe_.unit == Unit::kWeek ? 7 * n : n;
  const int64_t origin = timeframe_.unit == Unit::kWeek ? kFirstMonday : 0;
  const int64_t first = FloorDiv(date - origin, days) * days + origin;
  return {first, first + days};
}

BarClock::Stretch BarClock::AlwaysOpen(int64_t time) const {
  if (timeframe_.unit != Unit::kSecond) {
    const Dates dates = GroupOf(DateAt(time));
    const TimeGrid grid = OneBar(Midnight(dates.first), Midnight(dates.end));
    return {grid, grid.end};
  }
  const int64_t every = timeframe_.count * kSecondNs;
  const Zone::Period period = zone_.PeriodAt(time);
  const int64_t date = FloorDiv(time + period.offset, kDayNs);
  const int64_t midnight = date * kDayNs - period.offset;
  // A day in which the clock is not touched, as nearly all.
  if (midnight < period.begin || midnight + kDayNs > period.end) {
    return ChangingDay(time, DateAt(time));
  }
  if (kDayNs % every != 0) {
    return {{midnight, midnight + kDayNs, midnight, every}, midnight + kDayNs};
  }
  const int64_t first = -FloorDiv(-(period.begin + period.offset), kDayNs);
  const int64_t end = FloorDiv(period.end + period.offset, kDayNs);
  const TimeGrid grid{first * kDayNs - period.offset, end * kDayNs - period.offset,
                      first * kDayNs - period.offset, every};
  return {grid, grid.end};
}

/// The bar of a day on which the clock is changed:
///
///   the clock put forward, 2:00 to 3:00, bars of two hours:   0:00 ── 3:00 ── 4:00   2 h, 1 h, 2 h
///   put back, 2:00 to 1:00:                                   0:00 ── 1:00 ── 2:00   3 h, 2 h
BarClock::Stretch BarClock::ChangingDay(int64_t time, int64_t date) const {
  const int64_t every = timeframe_.count * kSecondNs;
  const int64_t begin = Midnight(date);
  const int64_t end = Midnight(date + 1);
  const int64_t origin = date * kDayNs;  // on the wall
  std::vector<int64_t> starts = {begin};
  int64_t offset = zone_.PeriodAt(begin).offset;
  for (int64_t at = begin; at < end;) {
    const Zone::Period period = zone_.PeriodAt(at);
    const int64_t until = std::min(period.end, end);
    // The first mark that the clock shows in this period, or sprang over at its beginning.
    const int64_t shown = at + period.offset - origin;
    const int64_t before = at + std::min(offset, period.offset) - origin;
    if (FloorDiv(shown - 1, every) != FloorDiv(before - 1, every)) starts.push_back(at);
    for (int64_t mark = -FloorDiv(-shown, every) * every; origin + mark - period.offset < until;
         mark += every) {
      starts.push_back(origin + mark - period.offset);
    }
    offset = period.offset;
    at = until;
  }
  std::sort(starts.begin(), starts.end());
  starts.push_back(end);
  const auto after = std::upper_bound(starts.begin(), starts.end(), time);
  const TimeGrid grid = OneBar(*(after - 1), *after);
  return {grid, grid.end};
}

bool BarClock::SessionOf(int64_t date, TimeSpan* session) const {
  const auto& days = calendar_.exceptions;
  const auto found = std::lower_bound(days.begin(), days.end(), date,
                                      [](const auto& e, int64_t d) { return e.date < d; });
  SessionCalendar::Hours hours = calendar_.hours;
  if (found != days.end() && found->date == date) {
    if (found->closed) return false;
    hours = found->hours;
  } else {
    const int64_t weekday = (date - kFirstMonday) - FloorDiv(date - kFirstMonday, 7) * 7;
    if ((calendar_.weekdays >> weekday & 1) == 0) return false;
  }
  const int64_t open_date = hours.open_s < hours.close_s ? date : date - 1;
  *session = {zone_.FirstInstant(open_date * kDayNs + hours.open_s * kSecondNs),
              zone_.FirstInstant(date * kDayNs + hours.close_s * kSecondNs)};
  return session->start < session->end;
}

TimeSpan BarClock::SessionsOf(const Dates& dates) const {
  TimeSpan all;
  TimeSpan one;
  for (int64_t date = dates.first; date < dates.end; ++date) {
    if (!SessionOf(date, &one)) continue;
    if (all.start == all.end) all.start = one.start;
    all.end = one.end;
  }
  return all;
}

BarClock::Stretch BarClock::InSession(int64_t time) const {
  const int64_t today = DateAt(time);
  TimeSpan session;
  int64_t next_open = time + kLongestClosure * kDayNs;
  for (int64_t date = today - 1; date <= today + kLongestClosure; ++date) {
    if (!SessionOf(date, &session) || session.end <= time) continue;
    next_open = session.start;
    if (session.start > time) break;
    if (timeframe_.unit == Unit::kSecond) {
      return {{session.start, session.end, session.start, timeframe_.count * kSecondNs},
              session.end};
    }
    const TimeSpan all = SessionsOf(GroupOf(date));
    return {OneBar(all.start, all.end), session.end};
  }
  return {OneBar(time, next_open), next_open, false};
}

TimeSpan BarClock::BarAtOrBefore(int64_t time) const {
  const int64_t earliest = std::max(kFirstTimeNs, time - kLongestClosure * kDayNs);
  if (time < kFirstTimeNs) return {};
  // A day back at a time where it is closed, then forward to the last bar before.
  for (int64_t from = std::min(time, kLastTimeNs - 1); from >= earliest; from -= kDayNs) {
    Stretch stretch = At(from);
    if (!stretch.open && from != time)
      stretch = stretch.until <= time ? At(stretch.until) : stretch;
    if (!stretch.open) continue;
    TimeSpan bar{};
    for (int64_t at = std::max(from, stretch.grid.begin); at <= time;) {
      const Stretch here = At(at);
      if (here.open) {
        const int64_t last = std::min({time, here.grid.end - 1, here.until - 1});
        bar = kernels::SpanAt(here.grid, last);
      }
      at = std::max(here.until, at + 1);
      if (at >= kLastTimeNs) break;
    }
    return bar;
  }
  return {};
}

TimeSpan BarClock::BarAtOrAfter(int64_t time) const {
  int64_t at = std::max(time, kFirstTimeNs);
  for (int tries = 0; tries < 4 && at < kLastTimeNs; ++tries) {
    const Stretch stretch = At(at);
    if (stretch.open) {
      const TimeSpan bar = kernels::SpanAt(stretch.grid, at);
      if (bar.start >= time) return bar;
      at = bar.end;
    } else {
      at = stretch.until;
    }
  }
  return {};
}

}  // namespace headrace::bars
