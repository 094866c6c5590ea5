#pragma once

#include <atomic>
#include <cstdint>

namespace headrace {

/// What is known when the rows of the next chunk are chosen.
struct ChunkContext {
  int64_t available_bytes = 0;  ///< of the budget, for this chunk
  int64_t row_bytes = 1;        ///< what a row takes: from the footer, then as measured
  int64_t rows_left = 0;        ///< in the row group
};

/// How many rows are read at a time: the seam for those who know their data better.
/// Thread rule: one object serves all threads of a scan; its methods are called at the same time.
class ChunkStrategy {
 public:
  virtual ~ChunkStrategy() = default;
  /// At least 1. The scan may read fewer, never more.
  virtual int64_t RowsPerChunk(const ChunkContext& context) const noexcept = 0;
  /// How much of the budget is in use, 0 to 1, after a chunk was read.
  virtual void Observe(double memory_pressure) noexcept = 0;
};

/// Always the same number of rows.
class FixedChunkStrategy final : public ChunkStrategy {
 public:
  /// Requires: rows >= 1.
  explicit FixedChunkStrategy(int64_t rows) noexcept : rows_(rows) {}
  int64_t RowsPerChunk(const ChunkContext&) const noexcept override { return rows_; }
  void Observe(double) noexcept override {}

 private:
  const int64_t rows_;
};

/// As many rows as fit into `target_ratio` of the memory that is available, between `min_rows` and
/// `max_rows`; fewer while memory is short (above 85 % in use), more again when it is not (below
/// 50 %).
class AdaptiveChunkStrategy final : public ChunkStrategy {
 public:
  /// Requires: 1 <= min_rows <= max_rows, 0 < target_ratio <= 1.
  explicit AdaptiveChunkStrategy(int64_t min_rows = 256, int64_t max_rows = 1 << 16,
                                 double target_ratio = 0.7) noexcept;
  int64_t RowsPerChunk(const ChunkContext& context) const noexcept override;
  void Observe(double memory_pressure) noexcept override;

  int64_t min_rows() const noexcept { return min_rows_; }
  int64_t max_rows() const noexcept { return max_rows_; }
  double target_ratio() const noexcept { return target_ratio_; }

 private:
  const int64_t min_rows_;
  const int64_t max_rows_;
  const double target_ratio_;
  std::atomic<double> scale_{1.0};
};

}  // namespace headrace
