#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "codec/batch_encoder.h"
#include "codec/json_rows.h"
#include "codec/row_writer.h"

namespace headrace::codec {
namespace {

/// An object with a list for each column. A column ends only with the last row, so all rows are
/// held meanwhile; the text is not.
///
///   {"a":[1,2,3],"b":["x",null,"z"]}
class JsonColumnsEncoder final : public Encoder {
 public:
  JsonColumnsEncoder(std::shared_ptr<arrow::RecordBatchReader> reader, const EncodeOptions& options)
      : reader_(std::move(reader)),
        pool_(options.pool != nullptr ? options.pool : arrow::default_memory_pool()),
        chunk_bytes_(std::max<int64_t>(1, options.target_chunk_bytes)),
        stream_(pool_) {}

  Result<Chunk> Next() override {
    while (status_.ok() && !ended_ && (!begun_ || stream_.pending_bytes() < chunk_bytes_)) {
      status_ = begun_ ? Advance() : Begin();
    }
    ARROW_RETURN_NOT_OK(status_);
    return stream_.Take();
  }

 private:
  Status Begin() {
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      ARROW_RETURN_NOT_OK(reader_->ReadNext(&batch));
      if (batch == nullptr) break;
      if (batch->num_rows() > 0) batches_.push_back(std::move(batch));
    }
    begun_ = true;
    ARROW_RETURN_NOT_OK(reader_->Close());
    return Write("{");
  }

  /// Some values of the column, or its beginning, or the end of all.
  Status Advance() {
    if (column_ == reader_->schema()->num_fields()) {
      ended_ = true;
      return Write("}");
    }
    if (writer_ == nullptr) {
      std::string label = column_ == 0 ? "" : ",";
      WriteJsonString(reader_->schema()->field(column_)->name(), &label);
      writer_ = MakeJsonRowWriter(JsonLayout::kValues, pool_);
      batch_ = 0;
      row_ = 0;
      return Write(label + ":[");
    }
    if (batch_ == batches_.size()) {
      writer_.reset();
      ++column_;
      return Write("]");
    }
    ARROW_ASSIGN_OR_RAISE(const auto values, batches_[batch_]->SelectColumns({column_}));
    ARROW_ASSIGN_OR_RAISE(row_, writer_->WriteSome(*values, row_, chunk_bytes_, &stream_.text()));
    if (row_ < values->num_rows()) return Status::OK();
    ++batch_;
    row_ = 0;
    return Status::OK();
  }

  Status Write(const std::string& text) {
    return stream_.Write(text.data(), static_cast<int64_t>(text.size()));
  }

  const std::shared_ptr<arrow::RecordBatchReader> reader_;
  arrow::MemoryPool* const pool_;
  const int64_t chunk_bytes_;
  ChunkStream stream_;
  arrow::RecordBatchVector batches_;
  std::unique_ptr<RowWriter> writer_;  // of the column; null between two
  int column_ = 0;
  size_t batch_ = 0;
  int64_t row_ = 0;  // of the batch
  bool begun_ = false;
  bool ended_ = false;
  Status status_;
};

}  // namespace

std::unique_ptr<Encoder> MakeJsonColumnsEncoder(std::shared_ptr<arrow::RecordBatchReader> reader,
                                                const EncodeOptions& options) {
  return std::make_unique<JsonColumnsEncoder>(std::move(reader), options);
}

}  // namespace headrace::codec
