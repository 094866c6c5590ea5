#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace arrow::compute {
class Expression;
}

namespace headrace::shape {

/// The rows for which `filter` is true, in their order; batches without one are left out. A batch
/// that stays whole is not copied. `filter` is bound to the reader's schema by expr::ParseFilter()
/// or BindFilter(). Memory is drawn from `pool`, which outlives the reader; errors are those of
/// expr::FilterMask().
Result<std::shared_ptr<arrow::RecordBatchReader>> FilterRows(
    std::shared_ptr<arrow::RecordBatchReader> reader,
    std::shared_ptr<const arrow::compute::Expression> filter, arrow::MemoryPool* pool);

}  // namespace headrace::shape
