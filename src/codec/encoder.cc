#include "codec/encoder.h"

#include <utility>

#include <arrow/buffer.h>

#include "codec/batch_encoder.h"
#include "headrace/error_code.h"

namespace headrace::codec {

Result<std::unique_ptr<Encoder>> MakeEncoder(Format format,
                                             std::shared_ptr<arrow::RecordBatchReader> reader,
                                             const EncodeOptions& options) {
  switch (format) {
    case Format::kArrowStream: return MakeArrowStreamEncoder(std::move(reader), options);
    case Format::kArrowFile: return MakeArrowFileEncoder(std::move(reader), options);
    case Format::kParquet: return MakeParquetEncoder(std::move(reader), options);
    case Format::kCsv: return MakeCsvEncoder(std::move(reader), options);
    case Format::kNdjson: return MakeNdjsonEncoder(std::move(reader), options);
    case Format::kJsonRows: return MakeJsonRowsEncoder(std::move(reader), options);
    case Format::kJsonColumns: return MakeJsonColumnsEncoder(std::move(reader), options);
  }
  return MakeError(ErrorCode::kInternal, "a format without an encoder");
}

int64_t ChunkBytes(const Chunk& chunk) noexcept {
  int64_t bytes = 0;
  for (const auto& buffer : chunk) bytes += buffer->size();
  return bytes;
}

}  // namespace headrace::codec
