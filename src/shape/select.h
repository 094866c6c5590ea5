#pragma once

#include <memory>
#include <string>
#include <vector>

#include "headrace/status.h"

namespace arrow {
class RecordBatchReader;
}

namespace headrace::shape {

/// The columns of these names, in this order; copies nothing. kUnknownName, with a similar name,
/// for a column that the input does not have; kInvalidArgument for one that is named twice.
Result<std::shared_ptr<arrow::RecordBatchReader>> Select(
    std::shared_ptr<arrow::RecordBatchReader> input, const std::vector<std::string>& columns);

}  // namespace headrace::shape
