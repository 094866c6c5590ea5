#pragma once

#include <memory>

#include "scan/paged_column.h"

namespace headrace::scan {

/// Flat columns of INT32, INT64, FLOAT and DOUBLE, as arrays of the field's type: of the same
/// width, narrower integers, or decimals of 128 bits. Values at null rows are 0. With
/// ColumnOptions::by_dictionary, rows of pages by dictionary come as dictionary arrays.
std::unique_ptr<WindowColumn> MakeFixedColumn(parquet::Type::type physical, ColumnPlace place,
                                              const ColumnOptions& options,
                                              arrow::MemoryPool* pool);

}  // namespace headrace::scan
