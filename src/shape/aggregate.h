#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/aggregate.h"
#include "headrace/status.h"

namespace headrace::shape {

/// What is asked of the rows: one row of the result for each group of rows with equal keys, with
/// the keys and then the aggregates as its columns, sorted by key: ascending, NaN and then null
/// last. Without keys all rows are one group, also if there are none. docs/aggregation.md says what
/// each aggregate is.
struct AggregatePlan {
  std::vector<std::string> keys;
  std::vector<expr::Aggregate> aggregates;
};

/// Whether the answer depends on the order of the rows (first, last): then there has to be one
/// reader, which gives the rows in their order.
bool NeedsOrder(const AggregatePlan& plan);

/// The schema of the result for rows of this schema. Errors as Aggregate().
Result<std::shared_ptr<arrow::Schema>> AggregateSchema(const arrow::Schema& schema,
                                                       const AggregatePlan& plan);

struct AggregateOptions {
  /// Groups beyond this are refused (kTooLarge).
  int64_t max_groups = int64_t{1} << 31;
  /// How many rows there will be, if that is known: for an estimate in the message of kMemoryLimit.
  std::optional<int64_t> num_rows;
};

/// The aggregates of the rows of all readers, which have equal schemas. The work is done in the
/// first ReadNext(), by one thread for each reader, the first one by the caller's; then the readers
/// are closed. Every answer is a function of the set of rows alone (of their sequence for first and
/// last): how rows are cut into batches and shared among readers changes no bit of it.
///
/// Memory is drawn from `pool`, which outlives the reader and its batches, in proportion to the
/// number of groups (of rows for median and quantile, of different values for count_distinct).
///
/// Errors: kUnknownName (a column), kTypeMismatch (an aggregate of a type that has none; readers of
/// unlike schemas), kInvalidArgument (two columns of one name; first or last of several readers; a
/// sum that does not fit its type), kNotImplemented (nested keys), kTooLarge, kMemoryLimit (the
/// groups do not fit: says how many there were and about how much they need), kCancelled, and those
/// of the readers. After an error all memory is given back.
/// Thread rule: one thread reads; Close() may come from another, closes the readers, which have to
/// bear that beside their ReadNext(), and waits until the work has stopped.
Result<std::shared_ptr<arrow::RecordBatchReader>> Aggregate(
    std::vector<std::shared_ptr<arrow::RecordBatchReader>> readers, const AggregatePlan& plan,
    arrow::MemoryPool* pool, const AggregateOptions& options = {});

}  // namespace headrace::shape
