#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::shape {

/// Rows of any type that are held to be given out in another order. They are copied into chunks of
/// their own, drawn from the pool, so that they keep nothing else in memory.
class RowStore {
 public:
  RowStore(std::shared_ptr<arrow::Schema> schema, arrow::MemoryPool* pool);

  /// Appends the rows; `batch` is let go of when enough of them have come together.
  Status Add(std::shared_ptr<arrow::RecordBatch> batch);
  /// All that was added is in chunks().
  Status Flush();
  void Clear();

  int64_t num_rows() const { return num_rows_; }
  int64_t bytes() const { return bytes_; }
  const arrow::RecordBatchVector& chunks() const { return chunks_; }

  /// The rows of these numbers, in this order; the first row that was added has number 0.
  /// Requires: Flush(). Costs O(rows + chunks).
  Result<std::shared_ptr<arrow::RecordBatch>> Rows(std::span<const int64_t> rows) const;

 private:
  std::shared_ptr<arrow::Schema> schema_;
  arrow::MemoryPool* pool_;
  arrow::RecordBatchVector pending_;
  int64_t pending_rows_ = 0;
  arrow::RecordBatchVector chunks_;
  std::vector<int64_t> ends_;  // of the chunks, in rows
  int64_t num_rows_ = 0;
  int64_t bytes_ = 0;
};

/// The rows of a batch at `rows`, in this order.
Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(const arrow::RecordBatch& batch,
                                                     std::span<const int64_t> rows,
                                                     arrow::MemoryPool* pool);

}  // namespace headrace::shape
