#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "headrace/bar_store.h"

namespace headrace::bars {

/// ts, open, high, low, close, volume, vwap, count, and `forming` if it is asked for.
std::shared_ptr<arrow::Schema> BarSchema(std::string_view zone, bool forming);

/// The columns as they lie, with validity where a NaN stands for null.
Result<std::shared_ptr<arrow::RecordBatch>> ToRecordBatch(
    const BarSlice& slice, const std::shared_ptr<arrow::Schema>& schema, bool label_end,
    arrow::MemoryPool* pool);

}  // namespace headrace::bars
