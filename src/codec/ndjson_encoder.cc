#include <memory>
#include <utility>

#include <arrow/record_batch.h>

#include "codec/batch_encoder.h"
#include "codec/json_row_writer.h"

namespace headrace::codec {
namespace {

/// One object a line; no rows are no bytes.
class NdjsonEncoder final : public BatchEncoder {
 public:
  NdjsonEncoder(std::shared_ptr<arrow::RecordBatchReader> reader, const EncodeOptions& options)
      : BatchEncoder(std::move(reader), options,
                     {.chunk_bytes = options.target_chunk_bytes, .split_batches = true}),
        writer_(JsonRowWriter::Layout::kLines, pool()) {}

 private:
  Status Begin(const std::shared_ptr<arrow::Schema>& schema) override { return Status::OK(); }
  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    return writer_.Write(*batch, &stream().text());
  }
  Status End() override { return Status::OK(); }

  JsonRowWriter writer_;
};

}  // namespace

std::unique_ptr<Encoder> MakeNdjsonEncoder(std::shared_ptr<arrow::RecordBatchReader> reader,
                                           const EncodeOptions& options) {
  return std::make_unique<NdjsonEncoder>(std::move(reader), options);
}

}  // namespace headrace::codec
