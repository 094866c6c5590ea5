#pragma once

#include <memory>

#include "headrace/memory_budget.h"
#include "headrace/status.h"
#include "scan/batch_file.h"
#include "scan/file_set.h"

namespace headrace::scan {

/// CSV with a line of names, in UTF-8, packed or not. Types are learnt from the first 2 MiB; an
/// empty field is null, a quoted one the empty string. A column that is empty so far is read as
/// strings. Later values that do not fit are kTypeMismatch, rows of another width kCorruptFile.
/// A file without bytes has no columns and no rows.
Result<std::shared_ptr<const BatchFile>> OpenCsvFile(const DataFile& file, MemoryBudget* pool);

}  // namespace headrace::scan
