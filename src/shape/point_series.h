#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "shape/downsample.h"
#include "shape/point_axis.h"
#include "shape/point_cells.h"
#include "shape/point_records.h"
#include "shape/pool_vector.h"

namespace headrace::shape {

/// One line of a chart while its rows come in: the rows themselves as long as they are no more than
/// the points that are wanted (for kLttb always), else what stands out among them.
class PointSeries {
 public:
  struct Options {
    DownsampleMethod method;
    int64_t points;
  };

  /// `records` outlives the series.
  PointSeries(const Options& options, const PointRecords& records, PointAxis axis,
              arrow::MemoryPool* pool);

  /// Rows [begin, end) of a batch.
  Status Add(const PointBatch& batch, int64_t begin, int64_t end);

  /// The rows that are to be drawn, in the order of the axis. They live as long as the series.
  Result<std::vector<const std::byte*>> Chosen() const;

  int64_t first_row() const { return first_row_; }  ///< the least number of a row
  int64_t bytes() const;

 private:
  using Rows = std::vector<const std::byte*>;

  Status StartCells();
  Status Keep(const PointBatch& batch, int64_t i);
  void KeepEnds(const PointBatch& batch, int64_t begin, int64_t end);
  void OfferEnd(const PointBatch& batch, int64_t i, size_t y, bool last);
  std::byte* End(size_t y, bool last) {
    return ends_.data() + static_cast<int64_t>(2 * y + (last ? 1 : 0)) * records_.width();
  }

  Rows KeptRows() const;
  Rows ChosenOf(size_t y, const Rows& kept) const;
  Rows Extremes(size_t y) const;
  Rows Candidates(size_t y) const;
  Rows Triangles(size_t y, const Rows& rows) const;
  Rows Gaps(size_t y, const Rows& kept) const;

  const Options options_;
  const PointRecords& records_;
  const PointAxis axis_;
  arrow::MemoryPool* const pool_;
  PoolVector<std::byte> kept_;  // rows, as long as all are kept
  int64_t num_kept_ = 0;
  PoolVector<std::byte> ends_;  // the first and the last value of each y
  std::optional<PointCells> cells_;
  int64_t first_row_ = -1;
};

}  // namespace headrace::shape
