#pragma once

#include <memory>

#include "scan/paged_column.h"

namespace headrace::scan {

/// Flat columns of INT32, INT64, FLOAT and DOUBLE, and of BOOLEAN, as arrays of the field's type.
/// Values at null rows are 0.
std::unique_ptr<WindowColumn> MakeFixedColumn(parquet::Type::type physical, ColumnPlace place,
                                              const ColumnOptions& options,
                                              arrow::MemoryPool* pool);

}  // namespace headrace::scan
