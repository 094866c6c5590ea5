#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "codec/format.h"
#include "headrace/status.h"

namespace arrow {
class MemoryPool;
class RecordBatchReader;
}  // namespace arrow

namespace headrace::delivery {

/// Where rows are written to. A file has a temporary name beside its own until it is whole.
struct TableOutput {
  std::string path;     ///< of the file; empty: `descriptor`
  int descriptor = -1;  ///< open, and left open
  codec::Format format = codec::Format::kParquet;
};

/// Writes all that the reader gives; returns how many bytes. After a failure there is no file, and
/// what was at its path is as it was. kCancelled if the other end of a pipe left (no signal may be
/// raised: SIGPIPE has to be ignored); kIOError with the path; errors of the reader and the format.
Result<int64_t> WriteTable(std::shared_ptr<arrow::RecordBatchReader> reader,
                           const TableOutput& output, arrow::MemoryPool* pool);

}  // namespace headrace::delivery
