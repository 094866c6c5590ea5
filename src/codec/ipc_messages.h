#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::codec {

// The messages that an Arrow IPC stream is made of, one by one. Each is a multiple of 8 bytes and
// lies in one buffer of its own, drawn from `pool`. A schema's message with those of any batch of
// that schema behind it is a whole stream: the end mark may be left out.

Result<std::shared_ptr<arrow::Buffer>> EncodeSchemaMessage(const arrow::Schema& schema,
                                                           arrow::MemoryPool* pool);

/// The batch, with all of its dictionaries before it. Values are copied.
Result<std::shared_ptr<arrow::Buffer>> EncodeBatchMessages(const arrow::RecordBatch& batch,
                                                           arrow::MemoryPool* pool);

}  // namespace headrace::codec
