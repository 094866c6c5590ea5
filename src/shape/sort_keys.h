#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/order.h"
#include "headrace/status.h"

namespace headrace::shape {

/// The columns that rows are ordered by, in types that Arrow sorts.
class SortKeys {
 public:
  /// Errors as OrderBy().
  static Result<SortKeys> Make(const arrow::Schema& schema, std::vector<expr::OrderKey> keys);

  /// The keys of these rows, named by their places.
  Result<std::shared_ptr<arrow::RecordBatch>> Of(const arrow::RecordBatch& rows,
                                                 arrow::MemoryPool* pool) const;

  /// The rows in their order, stable: numbers over all batches, which Of() made.
  Result<std::shared_ptr<arrow::Array>> Sort(const arrow::RecordBatchVector& keys,
                                             arrow::MemoryPool* pool) const;

  /// For each row whether it may come before one with `bound` as its first key, or has that key
  /// itself; null or false: it comes after it. Null if that is not to be said.
  Result<std::shared_ptr<arrow::Array>> UpTo(const arrow::RecordBatch& keys,
                                             const std::shared_ptr<arrow::Scalar>& bound,
                                             arrow::MemoryPool* pool) const;

 private:
  std::vector<expr::OrderKey> keys_;
  std::vector<int> places_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace headrace::shape
