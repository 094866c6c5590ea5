#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "shape/point_values.h"
#include "shape/pool_vector.h"

namespace headrace::shape {

/// Rows of one batch on their way into a chart: in ascending order of axis and row number, all with
/// a place on the axis.
struct PointBatch {
  int64_t rows = 0;
  std::shared_ptr<arrow::Array> axis;  ///< keys: int64 without nulls
  const int64_t* axis_keys = nullptr;  ///< its values
  std::vector<PointValues> ys;
  arrow::ArrayVector columns;            ///< x and the ys as they came
  int64_t first_row = 0;                 ///< number of the first row in the source,
  const int64_t* row_numbers = nullptr;  ///< unless each has one here

  int64_t RowNumber(int64_t i) const {
    return row_numbers == nullptr ? first_row + i : row_numbers[i];
  }
};

constexpr size_t kMaxPointColumns = 60;

/// How the rows that a chart may need are kept: each in a piece of memory of the same width, with
/// the values of all columns.
///
///   row  axis  gaps  nulls  key of each y ...  x  y ...
class PointRecords {
 public:
  /// `types`: of x and then of the ys, which have passed their checks.
  explicit PointRecords(const std::vector<std::shared_ptr<arrow::DataType>>& types);

  int64_t width() const { return width_; }
  size_t num_ys() const { return columns_.size() - 1; }
  void Write(const PointBatch& batch, int64_t i, std::byte* record) const;
  /// Marks a place that holds no row.
  static void Clear(std::byte* record) { Put(record, 0, int64_t{-1}); }

  static bool IsEmpty(const std::byte* record) { return RowOf(record) < 0; }
  static int64_t RowOf(const std::byte* record) { return Get<int64_t>(record, 0); }
  static int64_t AxisOf(const std::byte* record) { return Get<int64_t>(record, 8); }
  static bool IsGap(const std::byte* record, size_t y) {
    return (Get<uint64_t>(record, 16) >> y & 1) != 0;
  }
  static int64_t KeyOf(const std::byte* record, size_t y) {
    return Get<int64_t>(record, kHeader + 8 * y);
  }
  /// The value of a y as a double. Requires: no gap.
  double ValueOf(const std::byte* record, size_t y) const;
  /// Order of the axis, and of the source where that is the same.
  static bool Precedes(const std::byte* a, const std::byte* b) {
    if (AxisOf(a) != AxisOf(b)) return AxisOf(a) < AxisOf(b);
    return RowOf(a) < RowOf(b);
  }

  /// Rows that were kept, in the order of Precedes(), as a batch. `numbers` keeps what it points
  /// to.
  Result<PointBatch> BatchOf(std::span<const std::byte* const> records,
                             PoolVector<int64_t>* numbers, arrow::MemoryPool* pool) const;

  /// The columns of these rows.
  Result<arrow::ArrayVector> ColumnsOf(std::span<const std::byte* const> records,
                                       arrow::MemoryPool* pool) const;

 private:
  static constexpr size_t kHeader = 32;

  struct Column {
    std::shared_ptr<arrow::DataType> type;
    bool is_bool;
    bool real_keys;
    size_t width;
    size_t offset;
  };

  template <typename T>
  static T Get(const std::byte* record, size_t offset) {
    T value;
    std::memcpy(&value, record + offset, sizeof value);
    return value;
  }
  template <typename T>
  static void Put(std::byte* record, size_t offset, T value) {
    std::memcpy(record + offset, &value, sizeof value);
  }

  Result<std::shared_ptr<arrow::Array>> ColumnOf(std::span<const std::byte* const> records,
                                                 size_t column, arrow::MemoryPool* pool) const;

  std::vector<Column> columns_;
  int64_t width_;
};

}  // namespace headrace::shape
