#include <memory>
#include <utility>

#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>

#include "codec/batch_encoder.h"

namespace headrace::codec {
namespace {

/// Arrow's IPC writer hands whole column buffers to the ChunkStream, which keeps them as they are.
class ArrowStreamEncoder final : public BatchEncoder {
 public:
  ArrowStreamEncoder(std::shared_ptr<arrow::RecordBatchReader> reader, const EncodeOptions& options)
      : BatchEncoder(std::move(reader), options, {.chunk_bytes = 1, .split_batches = false}),
        options_(options) {}

 private:
  Status Begin(const std::shared_ptr<arrow::Schema>& schema) override {
    ARROW_ASSIGN_OR_RAISE(const auto options, IpcOptions(options_, pool()));
    return arrow::ipc::MakeStreamWriter(&stream(), schema, options).Value(&writer_);
  }
  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    return writer_->WriteRecordBatch(*batch);
  }
  Status End() override { return writer_->Close(); }

  const EncodeOptions options_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

Result<arrow::ipc::IpcWriteOptions> IpcOptions(const EncodeOptions& options,
                                               arrow::MemoryPool* pool) {
  auto ipc = arrow::ipc::IpcWriteOptions::Defaults();
  ipc.memory_pool = pool;
  ipc.use_threads = false;
  if (options.ipc_compression == IpcCompression::kNone) return ipc;
  const auto compression = options.ipc_compression == IpcCompression::kZstd
                               ? arrow::Compression::ZSTD
                               : arrow::Compression::LZ4_FRAME;
  constexpr int kZstdLevel = 1;
  const int level = options.ipc_compression == IpcCompression::kZstd
                        ? kZstdLevel
                        : arrow::util::kUseDefaultCompressionLevel;
  ARROW_ASSIGN_OR_RAISE(ipc.codec, arrow::util::Codec::Create(compression, level));
  return ipc;
}

std::unique_ptr<Encoder> MakeArrowStreamEncoder(std::shared_ptr<arrow::RecordBatchReader> reader,
                                                const EncodeOptions& options) {
  return std::make_unique<ArrowStreamEncoder>(std::move(reader), options);
}

}  // namespace headrace::codec
