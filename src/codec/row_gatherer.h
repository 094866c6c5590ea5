#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::codec {

/// Holds copies of rows until there are enough of them for a row group. Copies, so that no reader's
/// memory is held for longer than its batch, and all that is held lies in one pool; small batches
/// are joined as they come, sixteen to one, so that thousands of them cost no more than their rows.
/// Thread rule: one thread at a time.
class RowGatherer {
 public:
  explicit RowGatherer(arrow::MemoryPool* pool) : pool_(pool) {}

  /// Rows that already lie in the pool, and in nothing larger, are kept as they are.
  enum class Source { kBorrowed, kOwned };
  Status Add(std::shared_ptr<arrow::RecordBatch> rows, Source source);

  int64_t num_rows() const noexcept { return num_rows_; }
  /// With what each column costs beside its values, and with the dictionaries.
  int64_t bytes() const noexcept { return bytes_; }

  /// Hands over all rows in the order in which they came.
  std::vector<std::shared_ptr<arrow::RecordBatch>> Take();

 private:
  struct Part {
    std::shared_ptr<arrow::RecordBatch> rows;
    int level;  // how many times it was joined; 16^level rows or more
    int64_t bytes;
  };
  Part MakePart(std::shared_ptr<arrow::RecordBatch> rows) const;
  void JoinSmallParts();
  bool JoinFrom(size_t first);
  void AddDictionaries(const arrow::ArrayData& data);

  arrow::MemoryPool* pool_;
  std::vector<Part> parts_;
  std::vector<const arrow::ArrayData*> dictionaries_;  // counted already; the last ones seen
  int64_t num_rows_ = 0;
  int64_t bytes_ = 0;
};

/// The batches as one, in memory of the pool. Fails if dictionaries or offsets grow too large.
Result<std::shared_ptr<arrow::RecordBatch>> JoinBatches(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches, arrow::MemoryPool* pool);

}  // namespace headrace::codec
