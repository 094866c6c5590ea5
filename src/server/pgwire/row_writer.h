#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "server/pgwire/cells.h"
#include "sql/column_type.h"

namespace headrace::server::pgwire {

/// Appends a RowDescription. `formats` none: text for all; one: for all; else one for each.
void WriteRowDescription(std::span<const sql::Column> columns, std::span<const int16_t> formats,
                         std::string* out);

/// One format for each of `count` columns. kMalformedBody if the client gave another number.
Result<std::vector<int16_t>> FormatsOf(std::span<const int16_t> formats, size_t count);

/// The rows of one result, taken one by one from the reader's batches.
class RowWriter {
 public:
  /// `formats` is one for each column.
  RowWriter(std::shared_ptr<arrow::RecordBatchReader> reader, std::vector<sql::Column> columns,
            std::vector<int16_t> formats);
  ~RowWriter();

  /// Appends a DataRow. False at the end.
  Result<bool> WriteRow(std::string* out);
  /// Appends the values of a row, each after its length or -1, as DataRow and binary COPY have
  /// them.
  Result<bool> WriteValues(std::string* out);

  /// Goes to the next row: its values are `cells` at `row`. False at the end.
  Result<bool> Advance();
  bool IsNull(size_t column) const;
  void WriteCellOf(size_t column, std::string* out);

  size_t num_columns() const noexcept { return columns_.size(); }
  /// Whether more may come.
  bool at_end() const noexcept { return at_end_; }

  /// Takes all that is left into memory, so that the session can run something else. kMemoryLimit
  /// if that is more than `most_bytes`.
  Status Settle(int64_t most_bytes);

 private:
  Status NextBatch();

  std::shared_ptr<arrow::RecordBatchReader> reader_;  // null: all was read
  std::deque<std::shared_ptr<arrow::RecordBatch>> settled_;
  const std::vector<sql::Column> columns_;
  const std::vector<int16_t> formats_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::vector<std::shared_ptr<arrow::Array>> arrays_;
  std::vector<WriteCell> cells_;
  int64_t row_ = -1;
  bool at_end_ = false;
};

}  // namespace headrace::server::pgwire
