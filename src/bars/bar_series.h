#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "bars/frame.h"
#include "bars/open_bars.h"
#include "headrace/bar_store.h"

namespace headrace::bars {

struct SeriesOptions {
  BarKey key;
  Timeframe base;
  SessionCalendar calendar;
  int64_t watermark_ns = 0;
  LogPlace place;
};

/// One series: its base, and the aggregates that were asked for. Thread rule: any thread; calls
/// take turns.
class BarSeries {
 public:
  static Result<std::shared_ptr<BarSeries>> Make(SeriesOptions options);

  Result<BarAppendResult> AppendTicks(arrow::RecordBatchReader& ticks,
                                      const TickColumnNames& names);
  Result<BarAppendResult> AppendBars(arrow::RecordBatchReader& bars, const std::string& time);
  Result<BarAppendResult> AppendTick(int64_t time, double price, double volume);

  /// `stamp` tells later uses from earlier ones. See BarStore.
  Result<BarSlice> Last(const Timeframe& timeframe, int64_t n, int64_t at,
                        const BarReadOptions& options, int64_t stamp);
  Result<BarSlice> Range(const Timeframe& timeframe, int64_t from, int64_t to, int64_t at,
                         const BarReadOptions& options, int64_t stamp);

  struct Evictable {
    Timeframe timeframe;
    int64_t last_used;
    int64_t bytes;
    bool base;
  };
  std::vector<Evictable> Frames() const;
  /// An aggregate goes altogether, the base's bars into files.
  Status Evict(const Timeframe& timeframe);

  void AddStats(BarStoreStats* stats) const;
  const Timeframe& base() const noexcept { return options_.base; }

 private:
  explicit BarSeries(SeriesOptions options, std::shared_ptr<const BarClock> clock);
  struct Staged;
  template <typename Take>
  Result<BarAppendResult> Append(arrow::RecordBatchReader& reader, const Take& take);
  Status TakeBars(const class IntakeColumns& columns, Staged* staged) const;
  Status Commit(Staged* staged);
  void Spread(const kernels::BarRow& row);
  void Trim(bool base);
  int64_t KeepFrom() const noexcept;

  Result<Frame*> FrameOf(const Timeframe& timeframe, bool* missed);
  int64_t TimeOf(int64_t at) const noexcept;
  std::vector<kernels::BarRow> Unended(Frame& frame, int64_t at, bool forming,
                                       std::optional<kernels::BarRow>* forming_bar);
  Result<std::optional<kernels::BarRow>> FormingOfPast(Frame& frame, int64_t at, bool* missed);
  Result<BarSlice> Joined(const LogSlice& ended, const std::vector<kernels::BarRow>& more,
                          int64_t n, bool forming);
  Result<BarSlice> Read(Frame& frame, int64_t n, std::optional<kernels::TimeSpan> range, int64_t at,
                        bool forming, bool* missed);
  Result<BarSlice> Filled(Frame& frame, const std::vector<kernels::TimeSpan>& spans, int64_t at,
                          const BarReadOptions& options, bool* missed);
  int64_t FirstStart(const Frame& frame) const noexcept;

  const SeriesOptions options_;
  std::mutex append_mutex_;  // held by who appends, while the reader is read
  mutable std::mutex mutex_;
  OpenBars open_;
  std::map<Timeframe, std::unique_ptr<Frame>> frames_;  // the base's too
  Frame* base_;
  struct Uses {
    int64_t hits = 0;
    int64_t misses = 0;
    int64_t evictions = 0;
  };
  std::map<Timeframe, Uses> uses_;  // also of frames that have left
  int64_t failed_spills_ = 0;
};

}  // namespace headrace::bars
