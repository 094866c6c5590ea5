#include "delivery/body_reader.h"

#include <utility>

#include <arrow/io/memory.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>

#include "headrace/error_code.h"

namespace headrace::delivery {
namespace {

using Reader = arrow::RecordBatchReader;

/// What a decoder says of bytes that are not its format, in our terms. Its other failures are kept.
Status NotThat(codec::Format format, const Status& status) {
  if (status.ok() || CodeOf(status) == ErrorCode::kMemoryLimit) return status;
  return MakeError(
      ErrorCode::kMalformedBody,
      fmt::format("the body is not {}: {}", codec::Describe(format).media_type, status.message()));
}

/// Passes batches on that are whole: offsets within their buffers, UTF-8 where it must be.
class CheckedReader final : public Reader {
 public:
  /// `owner` is kept alive as long as `reader`.
  CheckedReader(codec::Format format, std::shared_ptr<Reader> reader, std::shared_ptr<void> owner)
      : format_(format), owner_(std::move(owner)), reader_(std::move(reader)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(NotThat(format_, reader_->ReadNext(batch)));
    return *batch == nullptr ? Status::OK() : NotThat(format_, (*batch)->ValidateFull());
  }

 private:
  const codec::Format format_;
  const std::shared_ptr<void> owner_;
  const std::shared_ptr<Reader> reader_;
};

/// The batches of an Arrow file in their order.
class FileBatches final : public Reader {
 public:
  explicit FileBatches(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file)
      : file_(std::move(file)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (next_ == file_->num_record_batches()) return Status::OK();
    return file_->ReadRecordBatch(next_++).Value(batch);
  }

 private:
  const std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  int next_ = 0;
};

arrow::ipc::IpcReadOptions IpcOptions(arrow::MemoryPool* pool) {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  options.max_recursion_depth = 16;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  return options;
}

Result<std::shared_ptr<Reader>> OpenUnchecked(codec::Format format,
                                              std::shared_ptr<arrow::io::BufferReader> input,
                                              arrow::MemoryPool* pool,
                                              std::shared_ptr<void>* owner) {
  switch (format) {
    case codec::Format::kArrowStream:
      return arrow::ipc::RecordBatchStreamReader::Open(std::move(input), IpcOptions(pool));
    case codec::Format::kArrowFile: {
      ARROW_ASSIGN_OR_RAISE(
          auto file, arrow::ipc::RecordBatchFileReader::Open(std::move(input), IpcOptions(pool)));
      return std::make_shared<FileBatches>(std::move(file));
    }
    case codec::Format::kParquet: {
      ARROW_ASSIGN_OR_RAISE(auto opened, parquet::arrow::OpenFile(std::move(input), pool));
      std::shared_ptr<parquet::arrow::FileReader> file = std::move(opened);
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Reader> reader, file->GetRecordBatchReader());
      *owner = std::move(file);
      return reader;
    }
    default: break;
  }
  return MakeError(ErrorCode::kNotImplemented,
                   fmt::format("{} bodies are not read", codec::Describe(format).media_type));
}

}  // namespace

bool CanOpenBody(codec::Format format) noexcept {
  return format == codec::Format::kArrowStream || format == codec::Format::kArrowFile ||
         format == codec::Format::kParquet;
}

Result<std::shared_ptr<Reader>> OpenBody(codec::Format format, std::string_view bytes,
                                         arrow::MemoryPool* pool) {
  auto input = std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(
      reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int64_t>(bytes.size())));
  std::shared_ptr<void> owner;
  auto reader = OpenUnchecked(format, std::move(input), pool, &owner);
  if (!reader.ok()) {
    if (!CanOpenBody(format)) return reader.status();
    return NotThat(format, reader.status());
  }
  return std::make_shared<CheckedReader>(format, std::move(*reader), std::move(owner));
}

}  // namespace headrace::delivery
