#include "codec/arrow_rows.h"

#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>

#include "codec/validated_reader.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

/// Arrow's file reader gives batches by number; this gives them in turn.
class FileBatches final : public arrow::RecordBatchReader {
 public:
  explicit FileBatches(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file)
      : file_(std::move(file)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    if (next_ == file_->num_record_batches()) {
      return Status::OK();
    }
    return file_->ReadRecordBatch(next_++).Value(batch);
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  int next_ = 0;
};

arrow::ipc::IpcReadOptions OptionsFor(arrow::MemoryPool* pool) {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  if (pool != nullptr) options.memory_pool = pool;
  options.use_threads = false;
  // A body begins wherever the HTTP parser left it; kernels want their values aligned.
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  return options;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> Open(std::shared_ptr<arrow::Buffer> body,
                                                       Format format, arrow::MemoryPool* pool) {
  auto input = std::make_shared<arrow::io::BufferReader>(std::move(body));
  if (format == Format::kArrowStream) {
    ARROW_ASSIGN_OR_RAISE(auto reader,
                          arrow::ipc::RecordBatchStreamReader::Open(input, OptionsFor(pool)));
    return reader;
  }
  ARROW_ASSIGN_OR_RAISE(auto file,
                        arrow::ipc::RecordBatchFileReader::Open(input, OptionsFor(pool)));
  return std::make_shared<FileBatches>(std::move(file));
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenArrowBody(std::shared_ptr<arrow::Buffer> body,
                                                                Format format,
                                                                arrow::MemoryPool* pool) {
  if (format != Format::kArrowStream && format != Format::kArrowFile) {
    return MakeError(ErrorCode::kInternal, "OpenArrowBody reads Arrow only");
  }
  auto reader = Open(std::move(body), format, pool);
  if (!reader.ok()) {
    return BodyError(reader.status());
  }
  return ValidateBatches(*std::move(reader));
}

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenBody(std::shared_ptr<arrow::Buffer> body,
                                                           Format format, arrow::MemoryPool* pool) {
  switch (format) {
    case Format::kArrowStream:
    case Format::kArrowFile: return OpenArrowBody(std::move(body), format, pool);
    case Format::kParquet: return OpenParquetBody(std::move(body), pool);
    case Format::kCsv: return OpenCsvBody(std::move(body), pool);
    case Format::kNdjson: return OpenNdjsonBody(std::move(body), pool);
    case Format::kJsonRows:
    case Format::kJsonColumns: break;
  }
  return MakeError(ErrorCode::kUnsupportedMediaType, "rows are not read from JSON lists");
}

}  // namespace headrace::codec
