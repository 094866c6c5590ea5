#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace headrace {

/// One value of a loosely typed row, as JSON or a Python dict has it. Strings are borrowed.
struct Cell {
  enum class Kind : uint8_t {
    kAbsent,  ///< the row has no such key: reads as null
    kNull,
    kBool,
    kInt64,
    kDouble,
    kString,      ///< UTF-8, borrowed
    kTimestamp,   ///< UTC nanoseconds
    kBigInteger,  ///< an integer beyond int64, kept as text so that it can be named when refused
    kNested,      ///< an object or array, kept as text so that it can be named when refused
  };

  Kind kind = Kind::kAbsent;
  union {
    bool boolean;
    int64_t int64 = 0;
    double float64;
    struct {
      const char* data;
      int64_t size;
    } text;
  };

  static Cell Of(Kind kind) noexcept {
    Cell c;
    c.kind = kind;
    return c;
  }
  static Cell Null() noexcept { return Of(Kind::kNull); }
  static Cell Bool(bool v) noexcept {
    Cell c = Of(Kind::kBool);
    c.boolean = v;
    return c;
  }
  static Cell Int64(int64_t v) noexcept {
    Cell c = Of(Kind::kInt64);
    c.int64 = v;
    return c;
  }
  static Cell Double(double v) noexcept {
    Cell c = Of(Kind::kDouble);
    c.float64 = v;
    return c;
  }
  static Cell Timestamp(int64_t utc_ns) noexcept {
    Cell c = Of(Kind::kTimestamp);
    c.int64 = utc_ns;
    return c;
  }
  static Cell Text(Kind kind, std::string_view v) noexcept {
    Cell c = Of(kind);
    c.text = {v.data(), static_cast<int64_t>(v.size())};
    return c;
  }
  static Cell String(std::string_view v) noexcept { return Text(Kind::kString, v); }

  /// Requires: kind is kString, kBigInteger or kNested.
  std::string_view view() const noexcept { return {text.data, static_cast<size_t>(text.size)}; }
  bool is_null() const noexcept { return kind == Kind::kAbsent || kind == Kind::kNull; }
};

/// Rows that have keys instead of a schema, held by column in the order in which keys first appear.
/// What codec makes of JSON, what Python makes of a dict, and what a live window gives types to.
/// Names and strings are borrowed from the bytes that were parsed; they must outlive the batch.
/// Made to be reused: Reset() keeps the memory of earlier batches, so that a steady stream of rows
/// with the same keys allocates nothing. Thread rule: one thread at a time.
class RowBatch {
 public:
  void Reset() noexcept;

  /// Starts a row. All later Set() calls write to it.
  void BeginRow();

  /// Sets the value of `name` in the current row. Returns false if the row has that key already.
  /// O(1) when keys come in the order of the row before.
  bool Set(std::string_view name, Cell cell);

  int64_t num_rows() const noexcept { return num_rows_; }
  int64_t num_columns() const noexcept { return num_columns_; }
  std::string_view name(int64_t column) const noexcept { return columns_[column].name; }

  /// One cell for each row; rows without the key hold kAbsent.
  /// Requires: no row is open for writing (call Seal() after the last row).
  const Cell* cells(int64_t column) const noexcept { return columns_[column].cells.data(); }

  /// Ends the last row: fills the columns that it did not mention.
  void Seal();

 private:
  struct Column {
    std::string_view name;
    std::vector<Cell> cells;
  };
  int64_t Find(std::string_view name) noexcept;
  int64_t AddColumn(std::string_view name);
  void UpdateIndex();

  std::vector<Column> columns_;  // the first num_columns_ are in use
  int64_t num_columns_ = 0;
  int64_t num_rows_ = 0;
  int64_t hint_ = 0;  // where the next key is expected
  // Hash table of the column numbers, -1 for an empty slot; in use when there are many columns.
  std::vector<int32_t> slots_;
  int64_t indexed_columns_ = 0;  // how many columns are in it
};

}  // namespace headrace
