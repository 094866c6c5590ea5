#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "scan/parquet_border.h"

namespace headrace::scan {

/// Makes a column of one file one of the scan's common type. Strings by dictionary (int32 indices)
/// stay so for a `type` of strings, until they are given out. Failures are Arrow's own.
Result<std::shared_ptr<arrow::Array>> FitColumn(std::shared_ptr<arrow::Array> array,
                                                const std::shared_ptr<arrow::DataType>& type,
                                                arrow::MemoryPool* pool);

/// A failure of FitColumn at a place: kMemoryLimit stays so, everything else is kTypeMismatch.
Status MisfitError(const FilePlace& place, const Status& failure);

/// Strings as the output wants them: by dictionary<int32, utf8> if `by_dictionary`, else by value.
Result<std::shared_ptr<arrow::Array>> ShapeStrings(const std::shared_ptr<arrow::Array>& array,
                                                   bool by_dictionary, arrow::MemoryPool* pool);

}  // namespace headrace::scan
