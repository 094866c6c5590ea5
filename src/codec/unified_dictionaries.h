#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::codec {

/// The Arrow file format has one dictionary for each column, which may grow but not change. So each
/// batch that brings other values has them put behind those that are there, and its indices turned.
/// Memory: the values of all batches once. Thread rule: one thread at a time.
class UnifiedDictionaries {
 public:
  explicit UnifiedDictionaries(arrow::MemoryPool* pool) : pool_(pool) {}

  /// The same rows over dictionaries that begin with those of the batches before. kTypeMismatch,
  /// naming the column, if there are more values than its index type counts, or if the values are
  /// of a type that cannot be told apart (nested).
  Result<std::shared_ptr<arrow::RecordBatch>> Apply(
      const std::shared_ptr<arrow::RecordBatch>& batch);

 private:
  Result<std::shared_ptr<arrow::Array>> ApplyToColumn(const std::shared_ptr<arrow::Array>& column,
                                                      std::shared_ptr<arrow::Array>* known);

  arrow::MemoryPool* pool_;
  std::vector<std::shared_ptr<arrow::Array>> known_;  // by column; none for those without
};

}  // namespace headrace::codec
