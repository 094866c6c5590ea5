#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::shape {

struct RowLimit {
  int64_t offset = 0;  ///< rows to leave out in front
  int64_t rows = 0;    ///< rows to give after that, at most
};

/// The rows from `offset` on, `rows` at most. No copy. Nothing is read behind the last row: the
/// input is closed as soon as it has been given. kInvalidArgument if a number is negative.
Result<std::shared_ptr<arrow::RecordBatchReader>> LimitRows(
    std::shared_ptr<arrow::RecordBatchReader> reader, const RowLimit& limit);

}  // namespace headrace::shape
