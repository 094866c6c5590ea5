#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "window/sliding_region.h"

namespace headrace::window {

enum class ColumnType : uint8_t { kNull, kInt64, kDouble, kBool, kString, kTimestamp };

/// "int64", "double", ... as messages name a type.
std::string_view TypeName(ColumnType type) noexcept;
std::shared_ptr<arrow::DataType> ArrowType(ColumnType type);
inline bool IsNumeric(ColumnType type) noexcept {
  return type == ColumnType::kInt64 || type == ColumnType::kDouble;
}

struct ColumnOptions {
  ColumnType type = ColumnType::kDouble;
  int64_t origin_row = 0;           ///< the first row that can be written
  int64_t capacity_rows = 0;        ///< rows from there on
  int64_t text_capacity_bytes = 0;  ///< kString: bytes of all rows from there on
  int64_t granule_bytes = 0;        ///< memory is given back in pieces of at least so much
  bool nullable = true;             ///< false: no validity is kept, WriteNull() is not called
  int stagger = 0;  ///< columns with different numbers touch new pages at different rows
};

/// One column of a live window by absolute row number. Rows are written once, in any order within
/// an append, and are immutable from the moment at which the window publishes them.
///
/// Invariants: 1. Words that hold bits of several rows (validity, bools) are written and read
/// atomically, since a reader of old rows shares them with the writer of new ones. 2. Everything
/// else that a reader sees was written before the row count was published (release, acquire).
/// Thread rule: one writer; readers of published rows that were not released.
class Column {
 public:
  static Result<std::shared_ptr<Column>> Make(const ColumnOptions& options);

  ColumnType type() const noexcept { return options_.type; }
  int64_t origin_row() const noexcept { return options_.origin_row; }

  // Writing. Requires: origin_row <= row < origin_row + capacity_rows, and the column's own type.
  void WriteNull(int64_t row) noexcept;
  void WriteInt64(int64_t row, int64_t value) noexcept;  // kInt64 and kTimestamp
  void WriteDouble(int64_t row, double value) noexcept;
  void WriteBool(int64_t row, bool value) noexcept;
  /// Requires: room in TextCapacityBytes(); strings are written in row order.
  void WriteString(int64_t row, std::string_view value) noexcept;
  /// Copies rows [begin, end) of `from`, whose type is this one's, or kInt64 into kDouble, or
  /// kNull.
  void CopyRows(const Column& from, int64_t begin, int64_t end) noexcept;

  // Reading.
  bool IsValid(int64_t row) const noexcept;
  int64_t GetInt64(int64_t row) const noexcept { return Values<int64_t>()[row - origin_row()]; }
  double GetDouble(int64_t row) const noexcept { return Values<double>()[row - origin_row()]; }
  bool GetBool(int64_t row) const noexcept;
  std::string_view GetString(int64_t row) const noexcept;
  /// Values by row - origin_row(), of the 8-byte types.
  template <typename T>
  T* Values() const noexcept {
    return reinterpret_cast<T*>(values_.data() + lead_bytes_);
  }
  /// The validity bits by row - origin_row(), for the writing thread only; null if all of
  /// [begin_row, now) are valid.
  const uint8_t* WriterValidity(int64_t begin_row) const noexcept;

  /// A copy of the validity bits of rows [begin, end), null if all are valid; `valid` says how many
  /// are.
  Result<std::shared_ptr<arrow::Buffer>> CopyValidity(int64_t begin, int64_t end, int64_t* valid,
                                                      arrow::MemoryPool* pool) const;

  /// Rows [begin, end) as Arrow. 8-byte values and strings are not copied and keep `owner` alive;
  /// bits are copied into `pool`.
  Result<std::shared_ptr<arrow::ArrayData>> Slice(int64_t begin, int64_t end,
                                                  const std::shared_ptr<const void>& owner,
                                                  arrow::MemoryPool* pool) const;

  // Memory.
  /// Gives back what only rows below `row` use. Returns whether it made a system call.
  bool Release(int64_t row) noexcept;
  int64_t TextCapacityBytes() const noexcept { return text_.capacity(); }
  /// kString: where the text of the row before `end` ends, from the start of the region.
  int64_t TextEnd(int64_t end) const noexcept { return Offsets()[end - origin_row()]; }
  /// Bytes of strings in rows [begin, end).
  int64_t TextBytes(int64_t begin, int64_t end) const noexcept;
  /// Bytes a row takes, strings aside.
  static double RowBytes(ColumnType type, bool nullable) noexcept;
  /// How many stretches of address space: each has a begun page, and bytes not yet worth giving
  /// back.
  int64_t NumRegions() const noexcept;

 private:
  Column() = default;
  void MarkValid(int64_t row) noexcept;
  int32_t* Offsets() const noexcept {
    return reinterpret_cast<int32_t*>(values_.data()) + lead_bytes_ / 4;
  }
  Result<std::shared_ptr<arrow::Buffer>> CopyBits(const SlidingRegion& bits, int64_t begin,
                                                  int64_t end, int64_t* ones,
                                                  arrow::MemoryPool* pool) const;

  ColumnOptions options_;
  int64_t lead_bytes_ = 0;  // unused bytes before the first value, see `stagger`
  SlidingRegion values_;    // 8-byte values, int32 offsets of strings, or bits of bools
  SlidingRegion text_;      // bytes of strings
  SlidingRegion validity_;  // bits
  std::atomic<int64_t> last_null_row_{-1};
};

}  // namespace headrace::window
