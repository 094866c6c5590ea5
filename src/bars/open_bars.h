#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "bars/bar_block.h"
#include "bars/bar_clock.h"
#include "headrace/bar_store.h"
#include "headrace/status.h"
#include "kernels/ohlcv/fold_ticks.h"

namespace headrace::bars {

/// A bar that may still get ticks.
struct OpenBar {
  kernels::BarRow row;
  int64_t first_time = 0;  ///< of the tick that made its open
  int64_t last_time = 0;
};

/// The base bars that have not ended for good, and what decides that: the newest time seen less the
/// watermark. A value: what an append changes is changed in a copy, which takes the place of the
/// original when nothing can go wrong any more.
class OpenBars {
 public:
  OpenBars(std::shared_ptr<const BarClock> clock, int64_t watermark_ns)
      : clock_(std::move(clock)), watermark_ns_(watermark_ns) {}

  /// Ticks in any order. Bars that have ended for good are added to `ended`.
  Status AddTicks(const kernels::TickColumns& ticks, BarRows* ended, arrow::MemoryPool* pool,
                  const std::shared_ptr<HeldBytes>& held);
  /// One bar of the base. kInvalidArgument if it does not begin where bars do. `is_there` says
  /// whether a bar with its start has ended for good.
  Status AddBar(const kernels::BarRow& bar, bool is_there);

  /// Whether a tick goes into the newest bar and nothing else happens; then it did.
  bool AddToNewest(int64_t time, double price, double volume) noexcept;
  void AddTick(int64_t time, double price, double volume);
  /// Bars that have ended for good leave to `ended`. Requires: room for bars().size().
  void Settle(BarRows* ended) noexcept;

  const std::vector<OpenBar>& bars() const noexcept { return bars_; }
  int64_t newest() const noexcept { return newest_; }
  const BarAppendResult& counts() const noexcept { return counts_; }
  const BarClock& clock() const noexcept { return *clock_; }

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::min();
  bool TooLate(int64_t time) const noexcept {
    return newest_ != kNever && time < newest_ - watermark_ns_;
  }
  void Look(int64_t time);
  void Merge(const kernels::TimeSpan& span, int64_t time, double price, double volume);
  Status FoldInOrder(const kernels::TickColumns& ticks, BarRows* ended, BarRows* rows);
  Status TakeRow(const kernels::BarRow& row, BarRows* ended);

  std::shared_ptr<const BarClock> clock_;
  int64_t watermark_ns_;
  int64_t newest_ = kNever;
  std::vector<OpenBar> bars_;  // by start
  BarClock::Stretch stretch_;  // that was looked up last
  BarAppendResult counts_;
};

}  // namespace headrace::bars
