#pragma once

#include <memory>

#include "headrace/status.h"

namespace arrow {
class MemoryPool;
class RecordBatchReader;
namespace compute {
class Expression;
}
}  // namespace arrow

namespace headrace::shape {

/// The rows for which `filter`, bound to the input's schema, is true; null is not. Batches without
/// a row are left out. Drawn from `pool`: a copy of the rows of one batch; a batch that passes as a
/// whole is not copied. Errors are those of expr::FilterMask() and of the input.
Result<std::shared_ptr<arrow::RecordBatchReader>> Filter(
    std::shared_ptr<arrow::RecordBatchReader> input,
    std::shared_ptr<const arrow::compute::Expression> filter, arrow::MemoryPool* pool);

}  // namespace headrace::shape
