#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "kernels/downsample/index_bins.h"

namespace headrace::shape {

using DownsampleMethod = kernels::DownsampleMethod;

/// "minmaxlttb", "lttb", "minmax", "m4"; kInvalidArgument, located as {"downsample"}, for others.
Result<DownsampleMethod> ParseDownsampleMethod(std::string_view name);

/// The rows that a chart of `points` points needs. docs/downsampling.md says which these are.
struct DownsamplePlan {
  DownsampleMethod method = DownsampleMethod::kMinMaxLttb;
  std::string x;               ///< numbers, dates, times: the axis
  std::vector<std::string> y;  ///< numbers, decimals, booleans: at least one
  int64_t points = 2000;       ///< of each y of each series; 2, for kM4 4, to kMaxDownsamplePoints
  std::optional<std::string> by;  ///< a series for each value of this column
};

constexpr int64_t kMaxDownsamplePoints = 1'000'000;

/// x, the ys, and `by`. Errors: kUnknownName, kTypeMismatch, kInvalidArgument (points, a column
/// that is named twice, more than kMaxPointColumns columns).
Result<std::shared_ptr<arrow::Schema>> DownsampleSchema(const arrow::Schema& schema,
                                                        const DownsamplePlan& plan);

/// Rows of the input, each once, as they are: series after series in the order in which they begin,
/// each in the order of x (rows of equal x in that of the input). A function of the sequence of
/// rows alone: how it is cut into batches changes nothing, and where no two rows have the same x
/// and y their order does not either.
///
/// Reads all of the input in the first ReadNext(). Holds O(points) rows for each series, except for
/// kLttb, which holds all rows; drawn from `pool`, which outlives the reader and its batches.
/// Errors: those of DownsampleSchema() and of the input; kMemoryLimit, with the number of rows and
/// series that were held. Thread rule: one thread reads; Close() may come from another and closes
/// the input, which has to bear that.
Result<std::shared_ptr<arrow::RecordBatchReader>> Downsample(
    std::shared_ptr<arrow::RecordBatchReader> input, const DownsamplePlan& plan,
    arrow::MemoryPool* pool);

}  // namespace headrace::shape
