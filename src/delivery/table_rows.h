#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include <arrow/type_fwd.h>

#include "catalog/catalog.h"
#include "delivery/live_rows.h"
#include "delivery/table_request.h"
#include "headrace/status.h"

namespace headrace::delivery {

/// The rows of a source that does not change, once, encoded a piece at a time as LiveRows does.
/// Thread rule: one thread at a time. Each call may take as long as reading files does.
class TableRows {
 public:
  /// `tail`: the last so many rows; goes with sources that know their number, and without a filter.
  /// `stop`: see ReadRequest. Errors of OpenTable(); kInvalidArgument for features.
  static Result<std::unique_ptr<TableRows>> Open(const catalog::Entry& entry, LiveRequest request,
                                                 std::optional<int64_t> tail,
                                                 std::shared_ptr<std::atomic<bool>> stop,
                                                 MemoryBudget* budget);

  const std::shared_ptr<arrow::Buffer>& schema_message() const noexcept { return schema_message_; }

  /// The next rows, about `most_bytes`; `rows` is null at the end.
  Result<LivePiece> Next(int64_t most_bytes);

 private:
  TableRows(std::shared_ptr<arrow::RecordBatchReader> reader, MemoryBudget* budget);

  const std::shared_ptr<arrow::RecordBatchReader> reader_;
  MemoryBudget* const budget_;
  std::shared_ptr<arrow::Buffer> schema_message_;
  std::shared_ptr<arrow::RecordBatch> batch_;  // rows of it were given
  int64_t next_in_batch_ = 0;
  int64_t next_row_ = 0;
  double row_bytes_ = 0;
};

}  // namespace headrace::delivery
