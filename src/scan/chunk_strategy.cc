#include "headrace/chunk_strategy.h"

#include <algorithm>

namespace headrace {
namespace {

constexpr double kHighPressure = 0.85;
constexpr double kLowPressure = 0.5;
constexpr double kShrink = 0.8;
constexpr double kGrow = 1.2;
constexpr double kSmallestScale = 1.0 / 1024;

}  // namespace

AdaptiveChunkStrategy::AdaptiveChunkStrategy(int64_t min_rows, int64_t max_rows,
                                             double target_ratio) noexcept
    : min_rows_(std::max<int64_t>(1, min_rows)),
      max_rows_(std::max(min_rows_, max_rows)),
      target_ratio_(std::clamp(target_ratio, 0.01, 1.0)) {}

int64_t AdaptiveChunkStrategy::RowsPerChunk(const ChunkContext& context) const noexcept {
  const double bytes = static_cast<double>(std::max<int64_t>(0, context.available_bytes)) *
                       target_ratio_ * scale_.load(std::memory_order_relaxed);
  const double rows = bytes / static_cast<double>(std::max<int64_t>(1, context.row_bytes));
  return static_cast<int64_t>(
      std::clamp(rows, static_cast<double>(min_rows_), static_cast<double>(max_rows_)));
}

void AdaptiveChunkStrategy::Observe(double memory_pressure) noexcept {
  // Two threads that observe at the same time may lose a step; the next one makes up for it.
  double scale = scale_.load(std::memory_order_relaxed);
  if (memory_pressure > kHighPressure) scale *= kShrink;
  if (memory_pressure < kLowPressure) scale *= kGrow;
  scale_.store(std::clamp(scale, kSmallestScale, 1.0), std::memory_order_relaxed);
}

}  // namespace headrace
