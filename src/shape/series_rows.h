#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "shape/point_axis.h"
#include "shape/point_records.h"
#include "shape/pool_vector.h"

namespace headrace::shape {

/// The rows of a batch, put together by series and in each by the axis.
struct SeriesRows {
  PointBatch batch;
  struct Stretch {
    uint32_t series;
    int64_t begin;
    int64_t end;
  };
  std::vector<Stretch> stretches;  ///< not empty, each series at most once
};

/// Arranges batch after batch.
class SeriesArranger {
 public:
  SeriesArranger(PointAxis axis, arrow::MemoryPool* pool)
      : axis_(axis), pool_(pool), order_(pool), numbers_(pool), ends_(pool) {}

  /// `columns`: x and the ys. `series` of each row, below `num_series`, or null: all are of series
  /// 0. Rows without a place on the axis are left out. Valid until the next call.
  Result<SeriesRows> Arrange(arrow::ArrayVector columns, const uint32_t* series, int64_t num_series,
                             int64_t first_row);

  /// Gives the memory back.
  void Clear();

 private:
  Status PutInOrder(const arrow::Array& keys, const uint32_t* series, int64_t num_series);
  Status TakeRows(std::shared_ptr<arrow::Array>* keys, arrow::ArrayVector* columns) const;

  const PointAxis axis_;
  arrow::MemoryPool* const pool_;
  PoolVector<int64_t> order_;    // of the rows of the batch
  PoolVector<int64_t> numbers_;  // of the same rows in the source
  PoolVector<int64_t> ends_;     // of the series in order_
};

}  // namespace headrace::shape
