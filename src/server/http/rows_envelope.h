#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/encoder.h"
#include "headrace/memory_budget.h"
#include "headrace/status.h"

namespace arrow {
class RecordBatch;
}

namespace headrace::server {

/// {"object": "polars_data", "buffer_id", "rows", "columns", "data"}: appends it to `out`.
Status WriteRowsEnvelope(std::string_view buffer_id, const arrow::RecordBatch& batch,
                         std::string* out);

/// The same, made as it is pulled, about a megabyte at a time. Chunks in the making are reserved in
/// the budget.
std::unique_ptr<codec::Encoder> MakeRowsEnvelopeEncoder(std::string buffer_id,
                                                        std::shared_ptr<arrow::RecordBatch> batch,
                                                        MemoryBudget* budget);

}  // namespace headrace::server
