#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::shape {

/// Rows chosen at random, each with the same chance: either so many or such a part.
struct SamplePlan {
  std::optional<int64_t> rows;     ///< just so many, or all if there are fewer
  std::optional<double> fraction;  ///< each row with this chance, 0 to 1
  uint64_t seed = 0;
  /// Of each value of this column by itself: `rows` of each; of `fraction` in each to within two
  /// rows.
  std::optional<std::string> stratify;
};

/// The chosen rows in the order of the input. The same seed chooses the same rows of the same
/// sequence of rows, however it is cut into batches; and of two samples with one seed, not
/// stratified, the smaller is a part of the larger.
///
/// `rows`: reads all of the input first and holds O(rows) rows, of each stratum. `fraction`: as the
/// rows come, with 40 bytes or so for each stratum. Memory is drawn from `pool`, which outlives the
/// reader. Errors: kInvalidArgument (not just one of rows and fraction; out of range),
/// kUnknownName, kNotImplemented (strata of a nested type), kMemoryLimit, kCancelled, and those of
/// the input. Thread rule: one thread reads; Close() may come from another.
Result<std::shared_ptr<arrow::RecordBatchReader>> Sample(
    std::shared_ptr<arrow::RecordBatchReader> input, const SamplePlan& plan,
    arrow::MemoryPool* pool);

}  // namespace headrace::shape
