#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "bars/zone.h"
#include "headrace/status.h"
#include "headrace/timeframe.h"
#include "kernels/ohlcv/time_grid.h"

namespace headrace::bars {

/// Where the bars of a timeframe begin and end, in a zone and a session calendar.
///
/// Always open: seconds, minutes and hours are counted from each local midnight by the clock on the
/// wall. A bar begins at every instant at which it shows midnight + k * count, twice where it is
/// put back over that, and at the moment at which it is put forward over it; so a bar may be
/// shorter or longer on such a day, and none spans midnight. Days go from midnight to midnight (23
/// to 25 h); several days are counted from 1970-01-01, weeks are Monday to Sunday and counted from
/// 1970-01-05, months from a January.
///
/// With sessions: seconds, minutes and hours are counted from the session's opening, and the last
/// bar ends with it. A day's bar is its session; longer ones go from their first session's opening
/// to their last one's close.
///
/// Immutable; any thread.
class BarClock {
 public:
  static Result<std::shared_ptr<const BarClock>> Make(Timeframe timeframe, std::string_view zone,
                                                      const SessionCalendar& calendar);

  struct Stretch {
    kernels::TimeGrid grid;  ///< has bars if open
    int64_t until = 0;       ///< what is said of the time is true up to here
    bool open = true;        ///< false: the market is closed, there is no bar
  };
  /// Requires: kFirstTimeNs <= time < kLastTimeNs. Some microseconds where no stretch is known yet:
  /// ask once, and again behind `until`.
  Stretch At(int64_t time) const;

  /// The last bar that begins before `time`, or the one that it is in; start == end if there is
  /// none for a year before.
  kernels::TimeSpan BarAtOrBefore(int64_t time) const;
  /// The first bar that begins at or after `time`; start == end if there is none for a year.
  kernels::TimeSpan BarAtOrAfter(int64_t time) const;

  const Timeframe& timeframe() const noexcept { return timeframe_; }
  std::string_view zone() const noexcept { return zone_.name(); }

 private:
  BarClock(Timeframe timeframe, Zone zone, SessionCalendar calendar)
      : timeframe_(timeframe), zone_(std::move(zone)), calendar_(std::move(calendar)) {}
  struct Dates {
    int64_t first = 0;
    int64_t end = 0;
  };
  int64_t DateAt(int64_t time) const;
  int64_t Midnight(int64_t date) const { return zone_.FirstInstant(date * kDayNs); }
  Dates GroupOf(int64_t date) const;
  Stretch AlwaysOpen(int64_t time) const;
  Stretch ChangingDay(int64_t time, int64_t date) const;
  Stretch InSession(int64_t time) const;
  bool SessionOf(int64_t date, kernels::TimeSpan* session) const;
  kernels::TimeSpan SessionsOf(const Dates& dates) const;

  Timeframe timeframe_;
  Zone zone_;
  SessionCalendar calendar_;
};

}  // namespace headrace::bars
