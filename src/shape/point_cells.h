#pragma once

#include <cstddef>
#include <cstdint>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "shape/point_axis.h"
#include "shape/point_records.h"
#include "shape/pool_vector.h"

namespace headrace::shape {

/// What is kept of the rows of one cell of the axis, for each y: of equal values the first on the
/// axis.
enum class CellRow : uint8_t { kLeast, kGreatest, kGap, kFirst, kLast };

/// The rows of one series that stand out, by cells of its axis: never more than `max_cells`,
/// whatever the rows, because cells are made twice as wide when they are too many. What they hold
/// in the end is a function of the set of rows alone: neither their order nor the way in which they
/// came in batches matters.
class PointCells {
 public:
  /// `records` outlives the cells. `ends`: kFirst and kLast are kept too.
  PointCells(const PointRecords& records, PointAxis axis, int64_t max_cells, bool ends,
             arrow::MemoryPool* pool)
      : records_(records),
        axis_(axis),
        max_cells_(max_cells),
        roles_(ends ? 5 : 3),
        stride_(8 + static_cast<int64_t>(records.num_ys()) * roles_ * records.width()),
        cells_(pool) {}

  /// Rows [begin, end) of a batch, at least one.
  Status Add(const PointBatch& batch, int64_t begin, int64_t end);

  /// Cells that hold a row, in the order of the axis.
  int64_t size() const { return size_; }
  /// Where it lies, of the cells from the first to the last one that hold a row.
  uint64_t PlaceOf(int64_t cell) const {
    return static_cast<uint64_t>(IndexOf(cell)) - static_cast<uint64_t>(IndexOf(0));
  }
  /// Null if there is no such row.
  const std::byte* Row(int64_t cell, size_t y, CellRow role) const;
  int64_t bytes() const { return cells_.bytes(); }

 private:
  std::byte* At(int64_t cell) { return cells_.data() + cell * stride_; }
  const std::byte* At(int64_t cell) const { return cells_.data() + cell * stride_; }
  int64_t IndexOf(int64_t cell) const;
  std::byte* Place(int64_t cell, size_t y, CellRow role) {
    return At(cell) + 8 +
           (static_cast<int64_t>(y) * roles_ + static_cast<int64_t>(role)) * records_.width();
  }

  void Widen(int64_t least, int64_t greatest);
  Result<int64_t> CellWithIndex(int64_t index);
  void AddRows(const PointBatch& batch, int64_t begin, int64_t end, int64_t cell);
  void Offer(const PointBatch& batch, int64_t row, int64_t cell, size_t y, CellRow role);
  void MergeInto(int64_t cell, int64_t other);
  static bool IsBetter(const std::byte* record, const std::byte* than, size_t y, CellRow role);

  const PointRecords& records_;
  const PointAxis axis_;
  const int64_t max_cells_;
  const int64_t roles_;
  const int64_t stride_;
  PoolVector<std::byte> cells_;  // by index
  int64_t size_ = 0;
  int exponent_ = PointAxis::kLeastExponent;
  int64_t least_ = 0;  // on the axis, of all rows
  int64_t greatest_ = 0;
};

}  // namespace headrace::shape
