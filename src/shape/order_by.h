#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/order.h"
#include "headrace/status.h"

namespace headrace::shape {

struct OrderOptions {
  /// Only so many rows, the first of the order, are wanted: no others are held. None: all.
  std::optional<int64_t> limit;
  /// How many rows there will be, if that is known: for an estimate in the message of kMemoryLimit.
  std::optional<int64_t> num_rows;
};

/// The rows ordered by the first key, where that is equal by the second, and so on; where all are
/// equal as they came. Ascending or descending, NaN and then null come last. Strings are ordered by
/// their bytes, false comes before true.
///
/// Reads all of the input in the first ReadNext(). With a limit it holds O(limit) rows, and in
/// passing some of the batches that it reads; without one all rows. Drawn from `pool`, which
/// outlives the reader and its batches. Errors: kUnknownName, kInvalidArgument (no key, a negative
/// limit), kTypeMismatch (a type that has no order), kMemoryLimit (the rows do not fit: says how
/// many there were and about how much they need), kCancelled, and those of the input.
/// Thread rule: one thread reads; Close() may come from another.
Result<std::shared_ptr<arrow::RecordBatchReader>> OrderBy(
    std::shared_ptr<arrow::RecordBatchReader> input, const std::vector<expr::OrderKey>& keys,
    arrow::MemoryPool* pool, const OrderOptions& options = {});

}  // namespace headrace::shape
