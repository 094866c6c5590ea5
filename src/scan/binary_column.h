#pragma once

#include <memory>

#include "scan/paged_column.h"

namespace headrace::scan {

/// Flat columns of BYTE_ARRAY, as strings or binary. Pages by dictionary come as dictionary arrays
/// of int32 indices over one dictionary for the row group, so that nothing is copied out for rows
/// that a filter takes away; for a field of dictionary type all pages do.
std::unique_ptr<WindowColumn> MakeBinaryColumn(ColumnPlace place, const ColumnOptions& options,
                                               arrow::MemoryPool* pool);

}  // namespace headrace::scan
