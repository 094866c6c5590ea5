#include <memory>
#include <utility>

#include <arrow/compute/initialize.h>
#include <arrow/csv/writer.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>

#include "codec/batch_encoder.h"

namespace headrace::codec {
namespace {

/// Arrow's CSV writer hands over the same buffer again and again: what it writes has to be copied.
class CopyingStream final : public arrow::io::OutputStream {
 public:
  explicit CopyingStream(ChunkStream* target) : target_(target) {}
  using OutputStream::Write;
  Status Write(const void* data, int64_t num_bytes) override {
    return target_->Write(data, num_bytes);
  }
  Status Close() override { return Status::OK(); }
  bool closed() const override { return false; }
  Result<int64_t> Tell() const override { return target_->Tell(); }

 private:
  ChunkStream* const target_;
};

/// A header, then RFC 4180 rows: null is an empty field, text is quoted where it must be.
class CsvEncoder final : public BatchEncoder {
 public:
  CsvEncoder(std::shared_ptr<arrow::RecordBatchReader> reader, const EncodeOptions& options)
      : BatchEncoder(std::move(reader), options,
                     {.chunk_bytes = options.target_chunk_bytes, .split_batches = true}) {}

 private:
  Status Begin(const std::shared_ptr<arrow::Schema>& schema) override {
    // The writer casts to text with the compute functions, which have to be there.
    static const Status initialized = arrow::compute::Initialize();
    ARROW_RETURN_NOT_OK(initialized);
    auto options = arrow::csv::WriteOptions::Defaults();
    options.io_context = arrow::io::IOContext(pool());
    options.quoting_style = arrow::csv::QuotingStyle::Needed;
    return arrow::csv::MakeCSVWriter(&copying_, schema, options).Value(&writer_);
  }
  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    return writer_->WriteRecordBatch(*batch);
  }
  Status End() override { return writer_->Close(); }

  CopyingStream copying_{&stream()};
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

std::unique_ptr<Encoder> MakeCsvEncoder(std::shared_ptr<arrow::RecordBatchReader> reader,
                                        const EncodeOptions& options) {
  return std::make_unique<CsvEncoder>(std::move(reader), options);
}

}  // namespace headrace::codec
