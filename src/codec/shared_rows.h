#pragma once

#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::base {
class SharedMemory;
}

namespace headrace::codec {

// Rows for a process that maps the memory they lie in: an Arrow IPC stream whose messages have no
// bodies. Where a message of IPC says how far behind its start a buffer lies, these say where in
// the memory. A batch may be a slice of what lies there: its message's metadata has the rows
// "headrace.first_row" and "headrace.num_rows".

/// Null if some of the rows lie elsewhere. The messages are drawn from `pool`.
Result<std::shared_ptr<arrow::Buffer>> EncodeSharedRows(const arrow::Schema& schema,
                                                        const arrow::RecordBatchVector& batches,
                                                        const base::SharedMemory& memory,
                                                        arrow::MemoryPool* pool);

struct SharedRows {
  std::shared_ptr<arrow::Schema> schema;
  arrow::RecordBatchVector batches;  ///< whose buffers lie in `memory`
};

/// What EncodeSharedRows() wrote, of memory that is mapped here. kMalformedBody for anything else.
Result<SharedRows> DecodeSharedRows(std::shared_ptr<arrow::Buffer> messages,
                                    std::shared_ptr<arrow::Buffer> memory);

}  // namespace headrace::codec
