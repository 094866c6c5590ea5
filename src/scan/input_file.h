#pragma once

#include <memory>
#include <string>

#include "headrace/status.h"

namespace arrow {
class MemoryPool;
namespace io {
class RandomAccessFile;
}  // namespace io
}  // namespace arrow

namespace headrace::scan {

/// Opens a data file through Arrow's filesystem: the one way to them. What is read is drawn from
/// `pool`. Reads that Arrow would do on a thread of its own are done by the caller's, so that
/// nothing is drawn from the pool, or given back to it, once a call has returned.
/// kIOError, naming the path.
Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInputFile(const std::string& path,
                                                                   arrow::MemoryPool* pool);

}  // namespace headrace::scan
