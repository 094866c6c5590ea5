#pragma once

#include <memory>
#include <string_view>

#include <arrow/type_fwd.h>

#include "codec/format.h"
#include "headrace/status.h"

namespace headrace::delivery {

/// Whether OpenBody() reads the format.
bool CanOpenBody(codec::Format format) noexcept;

/// Rows that came as bytes: Arrow stream and file, Parquet. `bytes` are borrowed as long as the
/// reader or anything that it gave lives. Nothing in them is trusted: batches are checked in full
/// before they are given. kMalformedBody for what is not the format, kMemoryLimit if `pool` refuses
/// what decoding takes, kNotImplemented for another format.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenBody(codec::Format format,
                                                           std::string_view bytes,
                                                           arrow::MemoryPool* pool);

}  // namespace headrace::delivery
