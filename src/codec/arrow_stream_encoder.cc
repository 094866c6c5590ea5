#include <memory>
#include <utility>

#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>

#include "codec/batch_encoder.h"

namespace headrace::codec {
namespace {

/// Arrow's IPC writer hands whole column buffers to the ChunkStream, which keeps them as they are.
class ArrowStreamEncoder final : public BatchEncoder {
 public:
  ArrowStreamEncoder(std::shared_ptr<arrow::RecordBatchReader> reader, const EncodeOptions& options)
      : BatchEncoder(std::move(reader), options, {.chunk_bytes = 1, .split_batches = false}) {}

 private:
  Status Begin(const std::shared_ptr<arrow::Schema>& schema) override {
    auto options = arrow::ipc::IpcWriteOptions::Defaults();
    options.memory_pool = pool();
    return arrow::ipc::MakeStreamWriter(&stream(), schema, options).Value(&writer_);
  }
  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    return writer_->WriteRecordBatch(*batch);
  }
  Status End() override { return writer_->Close(); }

  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

std::unique_ptr<Encoder> MakeArrowStreamEncoder(std::shared_ptr<arrow::RecordBatchReader> reader,
                                                const EncodeOptions& options) {
  return std::make_unique<ArrowStreamEncoder>(std::move(reader), options);
}

}  // namespace headrace::codec
