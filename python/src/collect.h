#pragma once

#include <cstdint>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::python {

/// What is known beforehand of rows that are to be held all at once.
struct CollectBounds {
  int64_t limit_bytes = 0;    ///< what may be held
  int64_t working_bytes = 0;  ///< what reading them holds beside
  int64_t most_rows = 0;      ///< how many there are at most
  bool exact = false;         ///< there are just so many
};

/// All batches of the reader. kMemoryLimit, with the size that they would need, as soon as it is
/// clear that they do not fit.
Result<arrow::RecordBatchVector> Collect(arrow::RecordBatchReader& reader,
                                         const CollectBounds& bounds);

}  // namespace headrace::python
