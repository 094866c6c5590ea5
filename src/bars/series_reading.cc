// What is read of a series: bars that have ended lie in logs, where a read is a slice; those that
// late ticks may change, or that form, are joined to a copy.

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "bars/bar_series.h"
#include "headrace/error_code.h"

namespace headrace::bars {
namespace {

using kernels::BarColumns;
using kernels::BarRow;
using kernels::TimeSpan;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

BarSlice SliceOf(const BarColumns& c, int64_t rows, std::shared_ptr<const BarBlock> block) {
  const auto n = static_cast<size_t>(rows);
  return {.start = {c.start, n},
          .end = {c.end, n},
          .open = {c.open, n},
          .high = {c.high, n},
          .low = {c.low, n},
          .close = {c.close, n},
          .volume = {c.volume, n},
          .vwap = {c.vwap, n},
          .count = {c.count, n},
          .memory = std::move(block)};
}

/// A bound that no bar of the timeframe that begins before `to` ends behind.
int64_t EndsBefore(const Timeframe& frame, int64_t to) {
  int64_t days = 1;
  if (frame.unit == Timeframe::Unit::kDay) days = frame.count;
  if (frame.unit == Timeframe::Unit::kWeek) days = 7 * frame.count;
  if (frame.unit == Timeframe::Unit::kMonth) days = 31 * frame.count;
  days += 2;  // days of 25 hours, sessions that begin the day before
  return to > std::numeric_limits<int64_t>::max() - days * kDayNs
             ? std::numeric_limits<int64_t>::max()
             : to + days * kDayNs;
}

}  // namespace

int64_t BarSeries::TimeOf(int64_t at) const noexcept {
  return at == std::numeric_limits<int64_t>::max() ? open_.newest() : at;
}

/// The frame, built if it is not there of the next finer one that is.
Result<Frame*> BarSeries::FrameOf(const Timeframe& timeframe, bool* missed) {
  const auto found = frames_.find(timeframe);
  if (found != frames_.end()) return found->second.get();
  if (!Nests(options_.base, timeframe)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("bars of {} do not fill bars of {}", options_.base.ToString(),
                                 timeframe.ToString()),
                     {"timeframe"});
  }
  *missed = true;
  ARROW_ASSIGN_OR_RAISE(auto clock,
                        BarClock::Make(timeframe, options_.key.zone, options_.calendar));
  const Frame* finer = base_;
  for (const auto& [other, frame] : frames_) {
    if (Nests(finer->timeframe(), other) && Nests(other, timeframe)) finer = frame.get();
  }
  auto frame = std::make_unique<Frame>(std::move(clock), options_.place);
  ARROW_RETURN_NOT_OK(frame->Build(*finer));
  return frames_.emplace(timeframe, std::move(frame)).first->second.get();
}

/// Bars behind the log's last one that are visible at `at`; and the one that forms then, if it is
/// asked for. Empty if `at` lies before the end of what has ended for good.
std::vector<BarRow> BarSeries::Unended(Frame& frame, int64_t at, bool forming,
                                       std::optional<BarRow>* forming_bar) {
  std::vector<BarRow> rows;
  if (at < base_->log().last_end()) return rows;
  const auto add = [&](const BarRow& row) {
    if (!rows.empty() && row.start < rows.back().end) {
      rows.back().Merge(row);
      return;
    }
    const TimeSpan span = &frame == base_ ? TimeSpan{row.start, row.end} : frame.SpanOf(row.start);
    rows.push_back(row);
    rows.back().start = span.start;
    rows.back().end = span.end;
  };
  if (frame.open()) rows.push_back(*frame.open());
  for (const OpenBar& bar : open_.bars()) {
    // Of a bar that has not ended only ticks count that all lie before.
    if (bar.row.end <= at || (forming && bar.last_time <= at)) add(bar.row);
  }
  if (!rows.empty() && rows.back().end > at) {
    if (forming) *forming_bar = rows.back();
    rows.pop_back();
  }
  return rows;
}

/// The bar in which `at` lies, of base bars that had ended then.
Result<std::optional<BarRow>> BarSeries::FormingOfPast(Frame& frame, int64_t at, bool* missed) {
  std::optional<BarRow> forming;
  if (&frame == base_ || at < kFirstTimeNs || at >= kLastTimeNs) return forming;
  const BarClock::Stretch stretch = frame.clock().At(at);
  if (!stretch.open) return forming;
  const TimeSpan span = kernels::SpanAt(stretch.grid, at);
  ARROW_ASSIGN_OR_RAISE(const LogSlice rows, base_->log().Range(span.start, span.end, at, missed));
  for (int64_t i = 0; i < rows.rows; ++i) {
    const BarRow row = rows.columns.Load(i);
    if (forming) {
      forming->Merge(row);
    } else {
      forming = row;
      forming->start = span.start;
      forming->end = span.end;
    }
  }
  return forming;
}

/// The last `n` of both.
Result<BarSlice> BarSeries::Joined(const LogSlice& ended, const std::vector<BarRow>& more,
                                   int64_t n, bool forming) {
  const int64_t taken = std::min(n, static_cast<int64_t>(more.size()));
  const int64_t before = std::min(n - taken, ended.rows);
  ARROW_ASSIGN_OR_RAISE(auto block, BarBlock::Make(std::max<int64_t>(before + taken, 1),
                                                   options_.place.pool, options_.place.held));
  const BarColumns& to = block->columns();
  if (before > 0) CopyRows(Advanced(ended.columns, ended.rows - before), before, to);
  for (int64_t i = 0; i < taken; ++i) {
    to.Store(before + i, more[more.size() - static_cast<size_t>(taken - i)]);
  }
  BarSlice slice = SliceOf(to, before + taken, block);
  slice.forming = forming && taken > 0;
  return slice;
}

Result<BarSlice> BarSeries::Read(Frame& frame, int64_t n, std::optional<TimeSpan> range, int64_t at,
                                 bool forming, bool* missed) {
  std::optional<BarRow> forming_bar;
  std::vector<BarRow> more = Unended(frame, at, forming, &forming_bar);
  if (forming && at < base_->log().last_end()) {
    ARROW_ASSIGN_OR_RAISE(forming_bar, FormingOfPast(frame, at, missed));
  }
  if (forming_bar) more.push_back(*forming_bar);
  LogSlice ended;
  if (range) {
    std::erase_if(more, [&](const BarRow& row) {
      return row.start < range->start || row.start >= range->end;
    });
    const int64_t reach = std::min(at, EndsBefore(frame.timeframe(), range->end));
    ARROW_ASSIGN_OR_RAISE(ended, frame.log().Range(range->start, range->end, reach, missed));
    n = ended.rows + static_cast<int64_t>(more.size());
  } else {
    ARROW_ASSIGN_OR_RAISE(ended, frame.log().Last(n, at, missed));
  }
  if (more.empty()) return SliceOf(ended.columns, ended.rows, std::move(ended.block));
  const bool last_forms = forming_bar && more.back().start == forming_bar->start;
  return Joined(ended, more, n, last_forms);
}

int64_t BarSeries::FirstStart(const Frame& frame) const noexcept {
  int64_t first = frame.log().first_start();
  if (frame.open()) first = std::min(first, frame.open()->start);
  if (!open_.bars().empty()) first = std::min(first, open_.bars().front().row.start);
  return first;
}

/// A row for each of `spans`, which follow each other in time.
Result<BarSlice> BarSeries::Filled(Frame& frame, const std::vector<TimeSpan>& spans, int64_t at,
                                   const BarReadOptions& options, bool* missed) {
  if (spans.empty()) return BarSlice{};
  ARROW_ASSIGN_OR_RAISE(
      const BarSlice there,
      Read(frame, 0, TimeSpan{spans.front().start, spans.back().end}, at, options.forming, missed));
  double previous = kNone;
  if (options.gaps == GapFill::kPrevious) {
    ARROW_ASSIGN_OR_RAISE(
        const BarSlice before,
        Read(frame, 1, std::nullopt, std::min(at, spans.front().start), false, missed));
    if (before.size() > 0) previous = before.close.back();
  }
  const auto rows = static_cast<int64_t>(spans.size());
  ARROW_ASSIGN_OR_RAISE(auto block, BarBlock::Make(rows, options_.place.pool, options_.place.held));
  const BarColumns& to = block->columns();
  size_t next = 0;
  for (int64_t i = 0; i < rows; ++i) {
    const TimeSpan& span = spans[static_cast<size_t>(i)];
    BarRow row{.start = span.start,
               .end = span.end,
               .open = previous,
               .high = previous,
               .low = previous,
               .close = previous,
               .vwap = kNone};
    if (next < there.start.size() && there.start[next] == span.start) {
      row.open = there.open[next];
      row.high = there.high[next];
      row.low = there.low[next];
      row.close = there.close[next];
      row.volume.value = there.volume[next];
      row.vwap = there.vwap[next];
      row.count = there.count[next];
      if (options.gaps == GapFill::kPrevious) previous = row.close;
      ++next;
    }
    to.Store(i, row);
  }
  BarSlice slice = SliceOf(to, rows, block);
  slice.forming = there.forming;
  return slice;
}

Result<BarSlice> BarSeries::Last(const Timeframe& timeframe, int64_t n, int64_t at,
                                 const BarReadOptions& options, int64_t stamp) {
  std::lock_guard lock(mutex_);
  at = TimeOf(at);
  bool missed = false;
  ARROW_ASSIGN_OR_RAISE(Frame* const frame, FrameOf(timeframe, &missed));
  frame->last_used = stamp;
  BarSlice slice;
  if (options.gaps == GapFill::kAbsent || n == 0) {
    ARROW_ASSIGN_OR_RAISE(slice, Read(*frame, n, std::nullopt, at, options.forming, &missed));
  } else {
    std::vector<TimeSpan> spans;
    const int64_t first = FirstStart(*frame);
    for (int64_t time = std::min(at, kLastTimeNs - 1);
         static_cast<int64_t>(spans.size()) < n && time >= first;) {
      const TimeSpan span = frame->clock().BarAtOrBefore(time);
      if (span.start == span.end || span.start < first) break;
      if (span.end <= at || options.forming) spans.push_back(span);
      time = span.start - 1;
    }
    std::reverse(spans.begin(), spans.end());
    ARROW_ASSIGN_OR_RAISE(slice, Filled(*frame, spans, at, options, &missed));
  }
  ++(missed ? uses_[timeframe].misses : uses_[timeframe].hits);
  return slice;
}

Result<BarSlice> BarSeries::Range(const Timeframe& timeframe, int64_t from, int64_t to, int64_t at,
                                  const BarReadOptions& options, int64_t stamp) {
  std::lock_guard lock(mutex_);
  at = TimeOf(at);
  bool missed = false;
  ARROW_ASSIGN_OR_RAISE(Frame* const frame, FrameOf(timeframe, &missed));
  frame->last_used = stamp;
  BarSlice slice;
  if (options.gaps == GapFill::kAbsent) {
    ARROW_ASSIGN_OR_RAISE(slice, Read(*frame, 0, TimeSpan{from, to}, at, options.forming, &missed));
  } else {
    std::vector<TimeSpan> spans;
    for (int64_t time = std::max(from, FirstStart(*frame)); time < std::min(to, kLastTimeNs);) {
      const TimeSpan span = frame->clock().BarAtOrAfter(time);
      if (span.start == span.end || span.start >= to || span.start > at) break;
      if (span.end > at && !options.forming) break;
      spans.push_back(span);
      time = span.end;
    }
    ARROW_ASSIGN_OR_RAISE(slice, Filled(*frame, spans, at, options, &missed));
  }
  ++(missed ? uses_[timeframe].misses : uses_[timeframe].hits);
  return slice;
}

}  // namespace headrace::bars
