#include "bars/bar_series.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "bars/intake.h"
#include "headrace/error_code.h"

namespace headrace::bars {

using kernels::BarRow;

/// What an append will change, until all of it has come.
struct BarSeries::Staged {
  OpenBars open;
  BarRows ended;
};

namespace {

BarAppendResult Difference(const BarAppendResult& now, const BarAppendResult& before) {
  return {now.appended - before.appended,
          now.late - before.late,
          now.duplicates - before.duplicates,
          now.invalid - before.invalid,
          now.out_of_session - before.out_of_session,
          now.out_of_range - before.out_of_range};
}

void AddCounts(const BarAppendResult& some, BarAppendResult* all) {
  all->appended += some.appended;
  all->late += some.late;
  all->duplicates += some.duplicates;
  all->invalid += some.invalid;
  all->out_of_session += some.out_of_session;
  all->out_of_range += some.out_of_range;
}

BarRow RowOf(const IntakeColumns& columns, int64_t i) {
  const auto value = [&](size_t column, double missing) {
    const double* const values = columns.number(column);
    return values == nullptr ? missing : values[i];
  };
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  BarRow row{.start = columns.time()[i],
             .end = columns.time()[i],
             .open = value(0, kNone),
             .high = value(1, kNone),
             .low = value(2, kNone),
             .close = value(3, kNone),
             .volume = {value(4, kNone), 0},
             .vwap = value(5, kNone)};
  // Nothing traded says nothing of prices: it must not spoil the mean of a longer bar.
  row.turnover = {row.volume.value == 0 ? 0 : row.vwap * row.volume.value, 0};
  const double count = value(6, 0);
  row.count = count >= 0 && count < 0x1p62 ? static_cast<int64_t>(count) : count >= 0 ? 0 : -1;
  return row;
}

}  // namespace

BarSeries::BarSeries(SeriesOptions options, std::shared_ptr<const BarClock> clock)
    : options_(std::move(options)), open_(clock, options_.watermark_ns) {
  auto base = std::make_unique<Frame>(std::move(clock), options_.place);
  base_ = base.get();
  frames_.emplace(options_.base, std::move(base));
}

Result<std::shared_ptr<BarSeries>> BarSeries::Make(SeriesOptions options) {
  ARROW_ASSIGN_OR_RAISE(auto clock,
                        BarClock::Make(options.base, options.key.zone, options.calendar));
  return std::shared_ptr<BarSeries>(
      std::unique_ptr<BarSeries>(new BarSeries(std::move(options), std::move(clock))));
}

/// Reads all before anything changes.
template <typename Take>
Result<BarAppendResult> BarSeries::Append(arrow::RecordBatchReader& reader, const Take& take) {
  std::lock_guard appending(append_mutex_);
  std::unique_lock lock(mutex_);
  Staged staged{open_, BarRows(options_.place.pool, options_.place.held)};
  lock.unlock();
  std::shared_ptr<arrow::RecordBatch> batch;
  for (;;) {
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(take(*batch, &staged));
  }
  lock.lock();
  const BarAppendResult before = open_.counts();
  ARROW_RETURN_NOT_OK(Commit(&staged));
  return Difference(open_.counts(), before);
}

Result<BarAppendResult> BarSeries::AppendTicks(arrow::RecordBatchReader& ticks,
                                               const TickColumnNames& names) {
  ARROW_ASSIGN_OR_RAISE(auto columns,
                        IntakeColumns::OfTicks(*ticks.schema(), names, options_.place.pool));
  return Append(ticks, [&](const arrow::RecordBatch& batch, Staged* staged) -> Status {
    ARROW_RETURN_NOT_OK(columns.Load(batch));
    return staged->open.AddTicks(
        {columns.time(), columns.number(0), columns.number(1), columns.size()}, &staged->ended,
        options_.place.pool, options_.place.held);
  });
}

Status BarSeries::TakeBars(const IntakeColumns& columns, Staged* staged) const {
  for (int64_t i = 0; i < columns.size(); ++i) {
    const BarRow row = RowOf(columns, i);
    const int64_t n = staged->ended.size();
    bool there = false;
    if (n > 0 && row.start <= staged->ended.columns().start[n - 1]) {
      const int64_t* const starts = staged->ended.columns().start;
      there = std::binary_search(starts, starts + n, row.start);
    }
    if (!there && row.start < base_->log().last_end()) {
      std::lock_guard lock(mutex_);
      there = base_->log().TailHas(row.start);
    }
    ARROW_RETURN_NOT_OK(staged->open.AddBar(row, there));
    ARROW_RETURN_NOT_OK(staged->ended.Reserve(static_cast<int64_t>(staged->open.bars().size())));
    staged->open.Settle(&staged->ended);
  }
  return Status::OK();
}

Result<BarAppendResult> BarSeries::AppendBars(arrow::RecordBatchReader& bars,
                                              const std::string& time) {
  ARROW_ASSIGN_OR_RAISE(auto columns,
                        IntakeColumns::OfBars(*bars.schema(), time, options_.place.pool));
  return Append(bars, [&](const arrow::RecordBatch& batch, Staged* staged) -> Status {
    ARROW_RETURN_NOT_OK(columns.Load(batch));
    return TakeBars(columns, staged);
  });
}

/// From the first change on nothing can fail: an aggregate that cannot grow is dropped, since it
/// can be built again.
Status BarSeries::Commit(Staged* staged) {
  const int64_t rows = staged->ended.size();
  ARROW_RETURN_NOT_OK(base_->log().Reserve(rows));
  open_ = std::move(staged->open);
  for (int64_t i = 0; i < rows; ++i) {
    Spread(staged->ended.columns().Load(i));
    // Not the base: it would lose the room that was made for all rows.
    if (i % 4096 == 4095) Trim(/*base=*/false);
  }
  staged->ended.Clear();
  Trim(/*base=*/true);
  return Status::OK();
}

void BarSeries::Spread(const BarRow& row) {
  base_->log().Push(row);
  for (auto at = frames_.begin(); at != frames_.end();) {
    if (at->second.get() == base_ || at->second->Add(row).ok()) {
      ++at;
    } else {
      ++uses_[at->first].evictions;
      at = frames_.erase(at);
    }
  }
}

/// Rows from here on may still have a duplicate that has to be known.
int64_t BarSeries::KeepFrom() const noexcept {
  if (options_.watermark_ns == 0) return std::numeric_limits<int64_t>::max();
  return open_.newest() - options_.watermark_ns;
}

void BarSeries::Trim(bool base) {
  for (auto& [timeframe, frame] : frames_) {
    if (frame.get() == base_ && !base) continue;
    const int64_t keep = frame.get() == base_ ? KeepFrom() : std::numeric_limits<int64_t>::max();
    failed_spills_ += !frame->log().Trim(keep).ok();
  }
}

Result<BarAppendResult> BarSeries::AppendTick(int64_t time, double price, double volume) {
  std::lock_guard appending(append_mutex_);
  std::lock_guard lock(mutex_);
  if (open_.AddToNewest(time, price, volume)) return BarAppendResult{.appended = 1};
  const BarAppendResult before = open_.counts();
  Staged staged{open_, BarRows(options_.place.pool, options_.place.held)};
  ARROW_RETURN_NOT_OK(staged.ended.Reserve(static_cast<int64_t>(open_.bars().size())));
  staged.open.AddTick(time, price, volume);
  staged.open.Settle(&staged.ended);
  ARROW_RETURN_NOT_OK(Commit(&staged));
  return Difference(open_.counts(), before);
}

std::vector<BarSeries::Evictable> BarSeries::Frames() const {
  std::lock_guard lock(mutex_);
  std::vector<Evictable> frames;
  for (const auto& [timeframe, frame] : frames_) {
    frames.push_back({timeframe, frame->last_used, frame->log().bytes(), frame.get() == base_});
  }
  return frames;
}

Status BarSeries::Evict(const Timeframe& timeframe) {
  std::lock_guard lock(mutex_);
  const auto found = frames_.find(timeframe);
  if (found == frames_.end()) return Status::OK();
  ++uses_[timeframe].evictions;
  if (found->second.get() != base_) {
    frames_.erase(found);
    return Status::OK();
  }
  const Status status = base_->log().Evict(KeepFrom());
  failed_spills_ += !status.ok();
  return status;
}

void BarSeries::AddStats(BarStoreStats* stats) const {
  std::lock_guard lock(mutex_);
  std::map<Timeframe, Uses> all = uses_;
  for (const auto& [timeframe, frame] : frames_) all.try_emplace(timeframe);
  for (const auto& [timeframe, uses] : all) {
    BarFrameStats row{.key = options_.key,
                      .base = options_.base,
                      .timeframe = timeframe,
                      .hits = uses.hits,
                      .misses = uses.misses,
                      .evictions = uses.evictions};
    if (const auto found = frames_.find(timeframe); found != frames_.end()) {
      const BarLog& log = found->second->log();
      row.rows = log.rows();
      row.spilled_rows = log.spilled_rows();
      row.bytes = log.bytes();
      const int64_t first = FirstStart(*found->second);
      if (first < kLastTimeNs) {
        row.first_start = first;
        row.last_end = log.last_end();
        if (found->second->open()) row.last_end = found->second->open()->end;
        if (!open_.bars().empty()) {
          row.last_end = std::max(row.last_end, open_.bars().back().row.end);
        }
      }
    }
    stats->hits += uses.hits;
    stats->misses += uses.misses;
    stats->evictions += uses.evictions;
    stats->frames.push_back(std::move(row));
  }
  stats->failed_spills += failed_spills_;
  AddCounts(open_.counts(), &stats->appended);
}

}  // namespace headrace::bars
