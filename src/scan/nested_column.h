#pragma once

#include <memory>

#include "scan/paged_column.h"

namespace headrace::scan {

/// Columns that FlatColumn does not decode: nested ones, decimals, int96, fixed-size binary, half
/// floats, narrow integers. Arrow's own reader assembles them, from the same page streams.
Result<std::unique_ptr<WindowColumn>> MakeNestedColumn(ColumnPlace place,
                                                       const ColumnOptions& options,
                                                       arrow::MemoryPool* pool);

}  // namespace headrace::scan
