#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>
#include <arrow/util/type_fwd.h>

#include "codec/file_sink.h"
#include "headrace/memory_budget.h"

namespace headrace::codec {

/// What all files of one WriteFile() share.
struct SinkContext {
  const FileSinkOptions& options;
  FileEncoding encoding;
  MemoryBudget* share;  ///< what the writer may hold; all allocations go through it
};

/// One format. Destroying it without Finish() may write to the stream, so that is abandoned first.
class FormatWriter {
 public:
  virtual ~FormatWriter() = default;
  /// One row group or record batch of all these rows; text has no such thing.
  virtual Status WriteRows(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) = 0;
  virtual Status Finish() = 0;
};

/// Write what stands before the first row. The stream is borrowed. kTypeMismatch, naming the
/// column, if the format cannot hold the schema; parquet-cpp may throw.
using FormatWriterFactory = Result<std::unique_ptr<FormatWriter>>(
    const std::shared_ptr<arrow::Schema>& schema, arrow::io::OutputStream* stream,
    const SinkContext& context);
FormatWriterFactory MakeParquetWriter;
FormatWriterFactory MakeArrowWriter;
FormatWriterFactory MakeTextWriter;

/// How far rows are gathered before they are written.
struct GatherLimits {
  int64_t rows;   ///< 0: they are written as they come
  int64_t bytes;  ///< held at most; where rows are not gathered, in one piece
};
GatherLimits LimitsOf(const SinkContext& context);

arrow::Compression::type ArrowCompression(const FileEncoding& encoding);

}  // namespace headrace::codec
