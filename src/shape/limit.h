#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "headrace/status.h"

namespace arrow {
class RecordBatchReader;
}

namespace headrace::shape {

/// What is left of the rows when the first `offset` are passed over, and of those the first
/// `limit`; none: all. The input is closed as soon as no more of it is needed. Copies nothing.
/// kInvalidArgument for a negative number.
Result<std::shared_ptr<arrow::RecordBatchReader>> Limit(
    std::shared_ptr<arrow::RecordBatchReader> input, int64_t offset, std::optional<int64_t> limit);

}  // namespace headrace::shape
