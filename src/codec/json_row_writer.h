#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace arrow {
class BufferBuilder;
}

namespace headrace::codec {

/// Writes rows of record batches as JSON objects. Columns may be null, bool, integer, floating,
/// decimal, string, date, time, duration or timestamp, or a dictionary of these; others are
/// kNotImplemented. Decimals, dates and times are strings, durations are counts of their unit.
/// Thread rule: one thread at a time.
class JsonRowWriter {
 public:
  /// What stands between rows: "," for a JSON list, "\n" after each row for NDJSON. kValues is a
  /// list of the first column's values, without objects.
  enum class Layout { kList, kLines, kValues };

  JsonRowWriter(Layout layout, arrow::MemoryPool* pool);
  ~JsonRowWriter();

  /// Appends all rows of `batch`. Layout kList puts a comma before every row but the first that
  /// this writer ever wrote. All batches have one schema.
  Status Write(const arrow::RecordBatch& batch, arrow::BufferBuilder* out);

  /// As above, from `first_row` on, until about `target_bytes` have been appended.
  /// Returns the row after the last one that was written.
  Result<int64_t> WriteSome(const arrow::RecordBatch& batch, int64_t first_row,
                            int64_t target_bytes, arrow::BufferBuilder* out);

 private:
  struct Column;
  Status Bind(const arrow::RecordBatch& batch);
  Result<Column> BindColumn(const arrow::Field& field, std::shared_ptr<arrow::Array> array);
  int64_t RowBound(int64_t row) const noexcept;
  char* WriteRow(int64_t row, char* out) const noexcept;

  const Layout layout_;
  arrow::MemoryPool* pool_;
  std::vector<Column> columns_;
  std::vector<std::string> labels_;  // `{"a":` for the first column, `,"b":` for the others
  int64_t fixed_bytes_ = 0;          // room for a row without its strings
  bool first_ = true;
};

}  // namespace headrace::codec
