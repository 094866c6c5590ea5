#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "headrace/status.h"

namespace arrow {
class MemoryPool;
class RecordBatchReader;
}  // namespace arrow

namespace headrace::shape {

/// The same rows with a last column `name` that counts them from `first` on: int64, without nulls.
/// kInvalidArgument if there is a column of that name. `pool` outlives the reader.
Result<std::shared_ptr<arrow::RecordBatchReader>> NumberRows(
    std::shared_ptr<arrow::RecordBatchReader> input, const std::string& name, int64_t first,
    arrow::MemoryPool* pool);

}  // namespace headrace::shape
