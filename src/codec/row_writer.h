#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace arrow {
class BufferBuilder;
}

namespace headrace::codec {

/// Writes rows of record batches as text. All batches of one writer have one schema.
/// Thread rule: one thread at a time.
class RowWriter {
 public:
  virtual ~RowWriter() = default;

  /// Appends rows of `batch` from `first_row` on, until about `target_bytes` have been appended.
  /// Returns the row after the last one that was written. kNotImplemented, naming the column, if
  /// the format has no text for its type.
  virtual Result<int64_t> WriteSome(const arrow::RecordBatch& batch, int64_t first_row,
                                    int64_t target_bytes, arrow::BufferBuilder* out) = 0;

  /// Whether what is written next stands behind other rows; at first it does not.
  virtual void set_behind_rows(bool behind) noexcept = 0;

  /// All rows.
  Status Write(const arrow::RecordBatch& batch, arrow::BufferBuilder* out);
};

/// What stands between rows of JSON: "," in a list, "\n" after each row of NDJSON. kValues is a
/// list of the first column's values, without objects.
enum class JsonLayout { kList, kLines, kValues };

/// Rows as JSON objects. Columns may be null, bool, integer, floating, decimal, string, date, time,
/// duration or timestamp, or a dictionary of these. Decimals, dates and times are strings,
/// durations are counts of their unit.
std::unique_ptr<RowWriter> MakeJsonRowWriter(JsonLayout layout, arrow::MemoryPool* pool);

/// Rows of RFC 4180, without a header, ended by "\n": byte for byte what Arrow's writer makes of
/// them. Null is an empty field, text and bytes always have quotes, numbers never. Columns as
/// above, and bytes that are UTF-8.
std::unique_ptr<RowWriter> MakeCsvRowWriter(char delimiter, arrow::MemoryPool* pool);

/// The line of names that stands before the rows.
std::string CsvHeader(const arrow::Schema& schema, char delimiter);

}  // namespace headrace::codec
