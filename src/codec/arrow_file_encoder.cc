#include <memory>
#include <utility>

#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>

#include "codec/batch_encoder.h"

namespace headrace::codec {
namespace {

/// As the stream, with a footer that says where the batches lie. Tell() of the ChunkStream counts
/// what was handed over already, so the footer is right.
class ArrowFileEncoder final : public BatchEncoder {
 public:
  ArrowFileEncoder(std::shared_ptr<arrow::RecordBatchReader> reader, const EncodeOptions& options)
      : BatchEncoder(std::move(reader), options, {.chunk_bytes = 1, .split_batches = false}),
        options_(options) {}

 private:
  Status Begin(const std::shared_ptr<arrow::Schema>& schema) override {
    ARROW_ASSIGN_OR_RAISE(const auto options, IpcOptions(options_, pool()));
    return arrow::ipc::MakeFileWriter(&stream(), schema, options).Value(&writer_);
  }
  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    return writer_->WriteRecordBatch(*batch);
  }
  Status End() override { return writer_->Close(); }

  const EncodeOptions options_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

std::unique_ptr<Encoder> MakeArrowFileEncoder(std::shared_ptr<arrow::RecordBatchReader> reader,
                                              const EncodeOptions& options) {
  return std::make_unique<ArrowFileEncoder>(std::move(reader), options);
}

}  // namespace headrace::codec
