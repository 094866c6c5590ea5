#include "codec/batch_encoder.h"

#include <algorithm>
#include <utility>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>

namespace headrace::codec {
namespace {

/// Rows of the first part of a split batch, before it is known how long their text is.
constexpr int64_t kFirstPartRows = 64;
constexpr int64_t kMaxPartRows = 4096;

}  // namespace

BatchEncoder::BatchEncoder(std::shared_ptr<arrow::RecordBatchReader> reader,
                           const EncodeOptions& options, Pace pace)
    : reader_(std::move(reader)),
      pool_(options.pool != nullptr ? options.pool : arrow::default_memory_pool()),
      pace_{.chunk_bytes = std::max<int64_t>(pace.chunk_bytes, 1),
            .split_batches = pace.split_batches},
      stream_(std::make_unique<ChunkStream>(pool_)),
      part_rows_(kFirstPartRows) {}

Result<Chunk> BatchEncoder::Next() {
  // The first batch is read before the first byte is given, so that a reader that fails at once can
  // still be answered with an error.
  while (status_.ok() && !ended_ && (!begun_ || stream_->pending_bytes() < pace_.chunk_bytes)) {
    status_ = Advance();
  }
  ARROW_RETURN_NOT_OK(status_);
  return stream_->Take();
}

Status BatchEncoder::Advance() {
  if (batch_ != nullptr) {
    return WritePart();
  }
  ARROW_RETURN_NOT_OK(reader_->ReadNext(&batch_));
  if (!begun_) {
    ARROW_RETURN_NOT_OK(Begin(reader_->schema()));
    begun_ = true;
  }
  if (batch_ == nullptr) {
    ARROW_RETURN_NOT_OK(End());
    ended_ = true;
    return reader_->Close();
  }
  next_row_ = 0;
  return WritePart();
}

Status BatchEncoder::WritePart() {
  const int64_t rows_left = batch_->num_rows() - next_row_;
  if (!pace_.split_batches || rows_left == 0) {
    ARROW_RETURN_NOT_OK(Write(batch_));
    batch_ = nullptr;
    return Status::OK();
  }
  const int64_t rows = std::min(rows_left, part_rows_);
  const int64_t bytes_before = stream_->pending_bytes();
  ARROW_RETURN_NOT_OK(Write(rows == batch_->num_rows() ? batch_ : batch_->Slice(next_row_, rows)));
  const int64_t bytes_per_row = (stream_->pending_bytes() - bytes_before) / rows + 1;
  part_rows_ = std::clamp<int64_t>(pace_.chunk_bytes / 4 / bytes_per_row, 1, kMaxPartRows);
  next_row_ += rows;
  if (next_row_ == batch_->num_rows()) {
    batch_ = nullptr;
  }
  return Status::OK();
}

}  // namespace headrace::codec
