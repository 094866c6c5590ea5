#pragma once

#include <memory>

#include "headrace/memory_budget.h"
#include "headrace/status.h"
#include "scan/batch_file.h"
#include "scan/file_set.h"

namespace headrace::scan {

/// One JSON object a line, packed or not. Columns and types are learnt from the first 2 MiB: ISO
/// times are timestamps, a column that is null so far is read as strings. A key that comes first
/// after them is passed over, so that rows do not depend on the columns that are asked for; a value
/// that does not fit is kTypeMismatch, a line that is no object kCorruptFile.
Result<std::shared_ptr<const BatchFile>> OpenNdjsonFile(const DataFile& file, MemoryBudget* pool);

}  // namespace headrace::scan
