#include <memory>
#include <utility>

#include <arrow/record_batch.h>

#include "codec/batch_encoder.h"
#include "codec/json_row_writer.h"

namespace headrace::codec {
namespace {

/// A list of objects; no rows are `[]`.
class JsonRowsEncoder final : public BatchEncoder {
 public:
  JsonRowsEncoder(std::shared_ptr<arrow::RecordBatchReader> reader, const EncodeOptions& options)
      : BatchEncoder(std::move(reader), options,
                     {.chunk_bytes = options.target_chunk_bytes, .split_batches = true}),
        writer_(JsonRowWriter::Layout::kList, pool()) {}

 private:
  Status Begin(const std::shared_ptr<arrow::Schema>& schema) override {
    return stream().Write("[", 1);
  }
  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    return writer_.Write(*batch, &stream().text());
  }
  Status End() override { return stream().Write("]", 1); }

  JsonRowWriter writer_;
};

}  // namespace

std::unique_ptr<Encoder> MakeJsonRowsEncoder(std::shared_ptr<arrow::RecordBatchReader> reader,
                                             const EncodeOptions& options) {
  return std::make_unique<JsonRowsEncoder>(std::move(reader), options);
}

}  // namespace headrace::codec
