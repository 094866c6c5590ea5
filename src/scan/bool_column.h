#pragma once

#include <memory>

#include "scan/paged_column.h"

namespace headrace::scan {

/// Flat columns of BOOLEAN. Values at null rows are not defined.
std::unique_ptr<WindowColumn> MakeBoolColumn(ColumnPlace place, const ColumnOptions& options,
                                             arrow::MemoryPool* pool);

}  // namespace headrace::scan
