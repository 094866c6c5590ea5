#include "bars/bar_clock.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bars/bar_feed_test.h"
#include "headrace/error_code.h"

namespace headrace::bars {
namespace {

constexpr int64_t kHour = 60 * kMinute;
const SessionCalendar kStocks = Stocks({Holiday("2024-11-28"), HalfDay("2024-11-29")});

std::shared_ptr<const BarClock> Clock(const char* timeframe, const char* zone,
                                      const SessionCalendar& calendar = {}) {
  return BarClock::Make(*ParseTimeframe(timeframe), zone, calendar).ValueOrDie();
}

/// Starts of the bars that begin in [from, to).
std::vector<int64_t> Starts(const BarClock& clock, int64_t from, int64_t to) {
  std::vector<int64_t> starts;
  for (auto bar = clock.BarAtOrAfter(from); bar.start < bar.end && bar.start < to;
       bar = clock.BarAtOrAfter(bar.end)) {
    starts.push_back(bar.start);
  }
  return starts;
}

std::vector<double> HoursAfter(const std::vector<int64_t>& starts, int64_t origin) {
  std::vector<double> hours;
  for (const int64_t start : starts) {
    hours.push_back(static_cast<double>(start - origin) / static_cast<double>(kHour));
  }
  return hours;
}

TEST(BarClock, DaysGoFromMidnightToMidnightOfTheZone) {
  const auto clock = Clock("1d", "America/New_York");
  const auto spring = clock->At(Utc("2024-03-10", "12:00")).grid;
  EXPECT_EQ(spring.begin, Utc("2024-03-10", "05:00"));
  EXPECT_EQ(spring.end, Utc("2024-03-11", "04:00"));  // 23 hours
  const auto autumn = clock->At(Utc("2024-11-03", "12:00")).grid;
  EXPECT_EQ(autumn.begin, Utc("2024-11-03", "04:00"));
  EXPECT_EQ(autumn.end, Utc("2024-11-04", "05:00"));  // 25 hours
  EXPECT_EQ(clock->At(Utc("2024-11-04", "04:59")).grid.begin, autumn.begin);
  EXPECT_EQ(clock->At(Utc("2024-11-04", "05:00")).grid.begin, autumn.end);
}

TEST(BarClock, TheClockPutForward) {
  const int64_t midnight = Utc("2024-03-10", "05:00");
  const auto hours = [&](const char* timeframe) {
    const auto clock = Clock(timeframe, "America/New_York");
    return HoursAfter(Starts(*clock, midnight, midnight + 7 * kHour), midnight);
  };
  EXPECT_EQ(hours("1h"), (std::vector<double>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(hours("2h"), (std::vector<double>{0, 2, 3, 5}));  // 0:00, 3:00 for 2:00, 4:00, 6:00
  EXPECT_EQ(hours("4h"), (std::vector<double>{0, 3}));
  EXPECT_EQ(hours("90m"), (std::vector<double>{0, 1.5, 2, 3.5, 5, 6.5}));
}

TEST(BarClock, TheClockPutBack) {
  const int64_t midnight = Utc("2024-11-03", "04:00");
  const auto hours = [&](const char* timeframe) {
    const auto clock = Clock(timeframe, "America/New_York");
    return HoursAfter(Starts(*clock, midnight, midnight + 6 * kHour), midnight);
  };
  EXPECT_EQ(hours("1h"), (std::vector<double>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(hours("2h"), (std::vector<double>{0, 3, 5}));               // 0:00 is 3 hours long
  EXPECT_EQ(hours("90m"), (std::vector<double>{0, 1.5, 2.5, 4, 5.5}));  // 1:30 twice
}

// Half an hour, at 2:00; and a zone that is not whole hours from UTC.
TEST(BarClock, OddZones) {
  const auto lord = Clock("1h", "Australia/Lord_Howe");
  const int64_t back = Utc("2024-04-06", "15:00");  // 2:00 +11 becomes 1:30 +10:30
  EXPECT_EQ(HoursAfter(Starts(*lord, back - 2 * kHour, back + 2 * kHour), back),
            (std::vector<double>{-2, -1, 0.5, 1.5}));
  const auto kathmandu = Clock("1h", "Asia/Kathmandu");
  EXPECT_EQ(kathmandu->At(Utc("2024-01-01", "00:00")).grid.begin % kHour, kHour / 4);
}

// Midnight itself is sprung over: the day begins at 1:00.
TEST(BarClock, ADayWithoutMidnight) {
  const auto days = Clock("1d", "America/Sao_Paulo");
  const auto day = days->At(Utc("2018-11-04", "12:00")).grid;
  EXPECT_EQ(day.begin, Utc("2018-11-04", "03:00"));
  EXPECT_EQ(day.end, Utc("2018-11-05", "02:00"));
  const auto hours = Clock("6h", "America/Sao_Paulo");
  EXPECT_EQ(HoursAfter(Starts(*hours, day.begin, day.end), day.begin),
            (std::vector<double>{0, 5, 11, 17}));
}

TEST(BarClock, WeeksMonthsAndSeveralDays) {
  const auto week = Clock("1w", "America/New_York")->At(Utc("2024-03-10", "12:00")).grid;
  EXPECT_EQ(week.begin, Utc("2024-03-04", "05:00"));  // Monday, with the clock put forward in it
  EXPECT_EQ(week.end, Utc("2024-03-11", "04:00"));
  const auto month = Clock("1mo", "UTC")->At(Utc("2024-02-29", "23:59")).grid;
  EXPECT_EQ(month.begin, Utc("2024-02-01", "00:00"));
  EXPECT_EQ(month.end, Utc("2024-03-01", "00:00"));
  const auto quarter = Clock("3mo", "UTC")->At(Utc("1969-12-31", "00:00")).grid;
  EXPECT_EQ(quarter.begin, Utc("1969-10-01", "00:00"));
  const auto two = Clock("2d", "UTC")->At(Utc("1970-01-04", "00:00")).grid;
  EXPECT_EQ(two.begin, Utc("1970-01-03", "00:00"));
}

TEST(BarClock, SessionsHalfDaysAndHolidays) {
  const auto hours = Clock("1h", "America/New_York", kStocks);
  const int64_t open = Utc("2024-11-27", "14:30");
  EXPECT_EQ(HoursAfter(Starts(*hours, open, Utc("2024-11-30", "00:00")), open),
            (std::vector<double>{0, 1, 2, 3, 4, 5, 6, 48, 49, 50, 51}));
  const auto last = hours->At(Utc("2024-11-27", "20:45"));
  EXPECT_EQ(kernels::SpanAt(last.grid, Utc("2024-11-27", "20:45")).end, Utc("2024-11-27", "21:00"));
  EXPECT_FALSE(hours->At(Utc("2024-11-28", "15:00")).open);
  EXPECT_EQ(hours->At(Utc("2024-11-28", "15:00")).until, Utc("2024-11-29", "14:30"));

  const auto days = Clock("1d", "America/New_York", kStocks);
  const auto half = days->At(Utc("2024-11-29", "15:00"));
  EXPECT_EQ(half.grid.begin, Utc("2024-11-29", "14:30"));
  EXPECT_EQ(half.grid.end, Utc("2024-11-29", "18:00"));
  EXPECT_FALSE(days->At(Utc("2024-11-29", "18:00")).open);

  const auto weeks = Clock("1w", "America/New_York", kStocks);
  const auto week = weeks->At(Utc("2024-11-27", "15:00"));
  EXPECT_EQ(week.grid.begin, Utc("2024-11-25", "14:30"));
  EXPECT_EQ(week.grid.end, Utc("2024-11-29", "18:00"));
  EXPECT_EQ(week.until, Utc("2024-11-27", "21:00"));
}

// Futures: from 18:00 of the day before to 17:00.
TEST(BarClock, SessionsOverMidnight) {
  const SessionCalendar futures{.name = "futures", .hours = {64'800, 61'200}};
  const auto days = Clock("1d", "America/New_York", futures);
  const auto monday = days->At(Utc("2024-03-11", "03:00")).grid;  // Sunday 23:00
  EXPECT_EQ(monday.begin, Utc("2024-03-10", "22:00"));
  EXPECT_EQ(monday.end, Utc("2024-03-11", "21:00"));
  EXPECT_FALSE(days->At(Utc("2024-03-11", "21:30")).open);
  EXPECT_FALSE(days->At(Utc("2024-03-09", "12:00")).open);  // Saturday
}

/// What holds of any clock: bars follow each other, hold their times, and those of a finer one fill
/// those of a coarser one.
void CheckNesting(const char* zone, const SessionCalendar& calendar, std::mt19937_64& random) {
  const std::vector<const char*> frames = {"1m", "5m", "15m", "30m", "1h", "2h", "4h", "1d", "1w"};
  for (size_t f = 0; f < frames.size(); ++f) {
    const auto clock = Clock(frames[f], zone, calendar);
    const auto finer = f == 0 ? nullptr : Clock(frames[f - 1], zone, calendar);
    for (int i = 0; i < 200; ++i) {
      const int64_t time = Utc("2015-01-01", "00:00") +
                           static_cast<int64_t>(random() % (10 * 365 * uint64_t{kDayNs}));
      const auto stretch = clock->At(time);
      ASSERT_GT(stretch.until, time);
      if (!stretch.open) continue;
      const auto bar = kernels::SpanAt(stretch.grid, time);
      ASSERT_LE(bar.start, time);
      ASSERT_LT(time, bar.end);
      EXPECT_EQ(clock->BarAtOrAfter(bar.start).start, bar.start);
      EXPECT_EQ(clock->BarAtOrBefore(time).start, bar.start) << frames[f] << " " << time;
      EXPECT_EQ(clock->BarAtOrBefore(time).end, bar.end);
      if (finer == nullptr) continue;
      const auto first = finer->BarAtOrAfter(bar.start);
      EXPECT_EQ(first.start, bar.start) << zone << " " << frames[f] << " " << time;
      EXPECT_EQ(finer->BarAtOrBefore(bar.end - 1).end, bar.end)
          << zone << " " << frames[f] << " " << time;
    }
  }
}

TEST(BarClock, FinerBarsFillCoarserOnes) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const char* zone : {"UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
                           "America/St_Johns", "America/Sao_Paulo", "Asia/Beirut"}) {
    CheckNesting(zone, {}, random);
  }
  CheckNesting("America/New_York", kStocks, random);
  CheckNesting("America/New_York", {.name = "f", .hours = {64'800, 61'200}}, random);
}

TEST(BarClock, RefusesWhatIsNoZone) {
  const auto clock = BarClock::Make(Timeframe::Days(1), "America/New_Yorck", {});
  ASSERT_FALSE(clock.ok());
  EXPECT_EQ(CodeOf(clock.status()), ErrorCode::kInvalidArgument);
  EXPECT_NE(clock.status().message().find("America/New_York'"), std::string::npos);
}

}  // namespace
}  // namespace headrace::bars
