#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "scan/piece.h"

namespace headrace::scan {

/// Readers that share the pieces of a scan: each takes the next one when it is done with its own,
/// on the thread that reads it. Rows come in any order. After a failure of one the others end with
/// the same failure. Closing one, from any thread, sets `stop`, which the pieces heed, and so ends
/// all.
std::vector<std::shared_ptr<arrow::RecordBatchReader>> ShareAmong(
    std::shared_ptr<arrow::Schema> schema, std::unique_ptr<PieceSource> pieces, int num_readers,
    std::shared_ptr<std::atomic<bool>> stop);

}  // namespace headrace::scan
