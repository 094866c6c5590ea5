#include "bars/open_bars.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::bars {
namespace {

using kernels::BarRow;
using kernels::TickColumns;
using kernels::TimeSpan;

constexpr int64_t kRowsAtOnce = 1024;
constexpr int64_t kNoTime = std::numeric_limits<int64_t>::min();

TickColumns Part(const TickColumns& ticks, int64_t begin, int64_t size) {
  return {ticks.time + begin, ticks.price + begin, ticks.volume + begin, size};
}

bool InRange(int64_t time) { return time >= kFirstTimeNs && time < kLastTimeNs; }

bool ValidBar(const BarRow& bar) {
  const auto finite = [](double x) { return x - x == 0; };
  return finite(bar.open) && finite(bar.high) && finite(bar.low) && finite(bar.close) &&
         finite(bar.volume.value) && bar.volume.value >= 0 && bar.count >= 0 &&
         bar.high >= std::max(bar.open, bar.close) && bar.low <= std::min(bar.open, bar.close);
}

}  // namespace

void OpenBars::Look(int64_t time) {
  if (time < stretch_.grid.begin || time >= stretch_.until) stretch_ = clock_->At(time);
}

void OpenBars::Merge(const TimeSpan& span, int64_t time, double price, double volume) {
  BarRow tick{.start = span.start,
              .end = span.end,
              .open = price,
              .high = price,
              .low = price,
              .close = price,
              .count = 1};
  tick.volume.Add(volume);
  tick.turnover.Add(price * volume);
  tick.SetVwap();
  auto at = bars_.end();
  while (at != bars_.begin() && (at - 1)->row.start >= span.start) --at;
  if (at == bars_.end() || at->row.start != span.start) {
    bars_.insert(at, {tick, time, time});
    return;
  }
  // Of equal times the one that came first opens, the one that came last closes.
  const double open = time < at->first_time ? price : at->row.open;
  const double close = time >= at->last_time ? price : at->row.close;
  at->row.Merge(tick);
  at->row.open = open;
  at->row.close = close;
  at->first_time = std::min(at->first_time, time);
  at->last_time = std::max(at->last_time, time);
}

bool OpenBars::AddToNewest(int64_t time, double price, double volume) noexcept {
  if (bars_.empty() || time < newest_ || !kernels::ValidTick(price, volume)) return false;
  OpenBar& bar = bars_.back();
  if (time < bar.row.start || time >= bar.row.end || time >= stretch_.until) return false;
  // A bar of several sessions is open while the market is not: only what is known to be open
  // counts.
  if (time < stretch_.grid.begin || bars_.front().row.end <= time - watermark_ns_) return false;
  BarRow& row = bar.row;
  if (price > row.high) row.high = price;
  if (price < row.low) row.low = price;
  row.close = price;
  row.volume.Add(volume);
  row.turnover.Add(price * volume);
  row.SetVwap();
  ++row.count;
  bar.last_time = newest_ = time;
  ++counts_.appended;
  return true;
}

void OpenBars::AddTick(int64_t time, double price, double volume) {
  if (time == kNoTime) {
    ++counts_.invalid;
  } else if (!InRange(time)) {
    ++counts_.out_of_range;
  } else if (TooLate(time)) {
    ++counts_.late;
  } else {
    newest_ = std::max(newest_, time);
    Look(time);
    if (!stretch_.open) {
      ++counts_.out_of_session;
    } else if (!kernels::ValidTick(price, volume)) {
      ++counts_.invalid;
    } else {
      Merge(kernels::SpanAt(stretch_.grid, time), time, price, volume);
      ++counts_.appended;
    }
  }
}

void OpenBars::Settle(BarRows* ended) noexcept {
  size_t done = 0;
  while (done < bars_.size() && newest_ != kNever &&
         bars_[done].row.end <= newest_ - watermark_ns_) {
    ended->Push(bars_[done++].row);
  }
  bars_.erase(bars_.begin(), bars_.begin() + static_cast<int64_t>(done));
}

/// A row of which no tick comes before what is open. Only the last bar can go on.
Status OpenBars::TakeRow(const BarRow& row, BarRows* ended) {
  if (!bars_.empty() && bars_.back().row.start == row.start) {
    bars_.back().row.Merge(row);
    return Status::OK();
  }
  ARROW_RETURN_NOT_OK(ended->Reserve(static_cast<int64_t>(bars_.size())));
  for (const OpenBar& bar : bars_) ended->Push(bar.row);
  bars_.assign(1, {row, row.start, row.start});
  return Status::OK();
}

/// Sorted ticks, none before the newest, and no watermark: bars are made by runs.
Status OpenBars::FoldInOrder(const TickColumns& ticks, BarRows* ended, BarRows* rows) {
  for (int64_t at = 0; at < ticks.size;) {
    Look(ticks.time[at]);
    const int64_t here = kernels::CountBelow(ticks.time + at, ticks.size - at, stretch_.until);
    if (!stretch_.open) {
      counts_.out_of_session += here;
      at += here;
      continue;
    }
    const kernels::FoldedTicks done = kernels::FoldTicks(Part(ticks, at, here), stretch_.grid,
                                                         rows->block()->columns(), kRowsAtOnce);
    for (int64_t i = 0; i < done.bars; ++i) {
      ARROW_RETURN_NOT_OK(TakeRow(rows->block()->columns().Load(i), ended));
    }
    counts_.invalid += done.invalid;
    counts_.appended += done.ticks - done.invalid;
    at += done.ticks;
  }
  newest_ = ticks.time[ticks.size - 1];
  if (!bars_.empty()) bars_.back().last_time = newest_;
  ARROW_RETURN_NOT_OK(ended->Reserve(static_cast<int64_t>(bars_.size())));
  Settle(ended);
  return Status::OK();
}

Status OpenBars::AddTicks(const TickColumns& ticks, BarRows* ended, arrow::MemoryPool* pool,
                          const std::shared_ptr<HeldBytes>& held) {
  if (ticks.size == 0) return Status::OK();
  const bool in_order = watermark_ns_ == 0 && kernels::IsAscending(ticks.time, ticks.size) &&
                        InRange(ticks.time[0]) && InRange(ticks.time[ticks.size - 1]) &&
                        !TooLate(ticks.time[0]);
  if (in_order) {
    BarRows rows(pool, held);
    ARROW_RETURN_NOT_OK(rows.Reserve(kRowsAtOnce));
    return FoldInOrder(ticks, ended, &rows);
  }
  for (int64_t i = 0; i < ticks.size; ++i) {
    if (!bars_.empty() && ticks.time[i] != kNoTime && ticks.time[i] >= bars_.front().row.end) {
      ARROW_RETURN_NOT_OK(ended->Reserve(static_cast<int64_t>(bars_.size())));
      AddTick(ticks.time[i], ticks.price[i], ticks.volume[i]);
      Settle(ended);
    } else {
      AddTick(ticks.time[i], ticks.price[i], ticks.volume[i]);
    }
  }
  return Status::OK();
}

Status OpenBars::AddBar(const BarRow& bar, bool is_there) {
  if (bar.start == kNoTime) {
    ++counts_.invalid;
    return Status::OK();
  }
  if (!InRange(bar.start)) {
    ++counts_.out_of_range;
    return Status::OK();
  }
  Look(bar.start);
  if (!stretch_.open) {
    ++counts_.out_of_session;
    return Status::OK();
  }
  const TimeSpan span = kernels::SpanAt(stretch_.grid, bar.start);
  if (span.start != bar.start) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        fmt::format(
            "a bar of {} in {} begins at {} ns, this one {} ns later: its series has another "
            "timeframe, zone or session",
            clock_->timeframe().ToString(), clock_->zone(), span.start, bar.start - span.start),
        {"ts"});
  }
  auto at = bars_.end();
  while (at != bars_.begin() && (at - 1)->row.start >= bar.start) --at;
  if (is_there || (at != bars_.end() && at->row.start == bar.start)) {
    ++counts_.duplicates;
  } else if (TooLate(bar.start)) {
    ++counts_.late;
  } else if (!ValidBar(bar)) {
    ++counts_.invalid;
  } else {
    // What a bar says is known when it ends.
    OpenBar open{bar, bar.start, span.end};
    open.row.end = span.end;
    bars_.insert(at, open);
    newest_ = std::max(newest_, span.end);
    ++counts_.appended;
  }
  return Status::OK();
}

}  // namespace headrace::bars
