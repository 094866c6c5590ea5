#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::shape {

/// The columns of these names, in this order; a name may come twice. No copy. kUnknownName if there
/// is none of that name, kInvalidArgument if there are two.
Result<std::shared_ptr<arrow::RecordBatchReader>> SelectColumns(
    std::shared_ptr<arrow::RecordBatchReader> reader, const std::vector<std::string>& columns);

}  // namespace headrace::shape
