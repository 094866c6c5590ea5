#pragma once

#include <memory>

#include "headrace/memory_budget.h"
#include "headrace/status.h"
#include "scan/batch_file.h"
#include "scan/file_set.h"

namespace headrace::scan {

/// Arrow IPC, file or stream, whichever it is by its first bytes; buffers may be packed (LZ4, ZSTD)
/// and dictionaries grow. Only the columns that are wanted are read and unpacked. Every batch is
/// validated in full, so that hostile bytes are kCorruptFile and nothing worse.
/// Columns by dictionary are columns of their values; strings stay by dictionary while they are
/// filtered, and for those who ask for it.
/// Record batches of a file are shared among threads, some MiB at a time; a stream is one part.
Result<std::shared_ptr<const BatchFile>> OpenIpcFile(const DataFile& file, MemoryBudget* pool);

}  // namespace headrace::scan
