#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "codec/format.h"
#include "headrace/status.h"

namespace headrace::codec {

// Bytes that a client sent, as a reader of record batches. All of these check what they read
// (offsets, UTF-8, dictionary indices), so that hostile bytes are an error and nothing worse.
// Errors are kMalformedBody, from opening or from a later ReadNext(); kMemoryLimit if the pool
// refuses. Batches may lie in `body` and keep it alive. `pool` null is Arrow's default. Thread
// rule: a reader is used by one thread at a time.

/// `format` is kArrowStream or kArrowFile. Nothing is copied that is not compressed.
/// A stream that stops without its end mark but between two messages is whole, as the format has
/// it; one that stops inside a message is malformed.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenArrowBody(std::shared_ptr<arrow::Buffer> body,
                                                                Format format,
                                                                arrow::MemoryPool* pool = nullptr);

/// A Parquet file, a row group at a time.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenParquetBody(
    std::shared_ptr<arrow::Buffer> body, arrow::MemoryPool* pool = nullptr);

/// CSV with a header line. Types are taken from all of it (of more than a GiB the first); empty
/// fields are null.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenCsvBody(std::shared_ptr<arrow::Buffer> body,
                                                              arrow::MemoryPool* pool = nullptr);

/// A JSON object a line. Types are taken from all of it, times in whole seconds among them.
/// What is given does not lie in `body`.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenNdjsonBody(
    std::shared_ptr<arrow::Buffer> body, arrow::MemoryPool* pool = nullptr);

/// Any of these by its format; kUnsupportedMediaType for JSON lists.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenBody(std::shared_ptr<arrow::Buffer> body,
                                                           Format format,
                                                           arrow::MemoryPool* pool = nullptr);

}  // namespace headrace::codec
