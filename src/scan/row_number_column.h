#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "scan/window_column.h"

namespace headrace::scan {

/// `rows` numbers from `first` on, as int64.
Result<std::shared_ptr<arrow::Array>> RowNumbers(int64_t first, int64_t rows,
                                                 arrow::MemoryPool* pool);

/// The numbers of a row group's rows, of which the first is `first`, as if they were stored.
std::unique_ptr<WindowColumn> MakeRowNumberColumn(int64_t first, arrow::MemoryPool* pool);

}  // namespace headrace::scan
