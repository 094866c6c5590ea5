#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "bars/bar_clock.h"
#include "bars/bar_log.h"

namespace headrace::bars {

/// Bars of one timeframe of a series: those that have ended for good, and of an aggregate the one
/// in which the base goes on.
class Frame {
 public:
  Frame(std::shared_ptr<const BarClock> clock, const LogPlace& place)
      : clock_(std::move(clock)), log_(place) {}

  /// The next bar of the base. Touches the open bar only, unless that ends.
  Status Add(const kernels::BarRow& row);
  /// All of a finer frame that `this`, still empty, is made of.
  Status Build(const Frame& finer);

  kernels::TimeSpan SpanOf(int64_t time);

  const Timeframe& timeframe() const noexcept { return clock_->timeframe(); }
  const BarClock& clock() const noexcept { return *clock_; }
  BarLog& log() noexcept { return log_; }
  const BarLog& log() const noexcept { return log_; }
  const std::optional<kernels::BarRow>& open() const noexcept { return open_; }

  int64_t last_used = 0;

 private:
  Status Close();
  std::shared_ptr<const BarClock> clock_;
  BarLog log_;
  std::optional<kernels::BarRow> open_;
  BarClock::Stretch stretch_;
};

}  // namespace headrace::bars
