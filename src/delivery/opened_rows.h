#pragma once

#include <memory>
#include <vector>

#include "headrace/source.h"
#include "headrace/status.h"

namespace arrow {
class MemoryPool;
class RecordBatchReader;
}  // namespace arrow

namespace headrace::delivery {

/// Opens a source so that `start_row`, `row_number_column` and `filter` of the request are applied,
/// by the source or behind it; of the rest, what the source says. `pool` outlives the readers.
Result<OpenedSource> OpenFiltered(Source& source, const ReadRequest& pushed,
                                  arrow::MemoryPool* pool);

/// All readers of a source.
std::vector<std::shared_ptr<arrow::RecordBatchReader>> ReadersOf(OpenedSource opened);

}  // namespace headrace::delivery
