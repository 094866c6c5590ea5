#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::scan {

/// The array by its values if it is a dictionary array, else itself. Strings and binary of less
/// than 2 GiB; other values by Arrow.
Result<std::shared_ptr<arrow::Array>> DecodeDictionary(const std::shared_ptr<arrow::Array>& array,
                                                       arrow::MemoryPool* pool);

/// How many of rows [begin, begin + rows) of a dictionary array of strings come to at most
/// `max_bytes` when they are copied out, at least one; `rows` for other arrays.
int64_t RowsThatFit(const arrow::Array& array, int64_t begin, int64_t rows, int64_t max_bytes);

}  // namespace headrace::scan
