#include "codec/text_encoder.h"

#include <algorithm>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>

namespace headrace::codec {
namespace {

/// Rows of the first part, before it is known how long their text is.
constexpr int64_t kFirstPartRows = 64;
constexpr int64_t kMaxPartRows = 1 << 16;
/// Large enough that handing it over costs nothing, small enough for a core's cache.
constexpr int64_t kMaxPartBytes = 256 << 10;

std::shared_ptr<arrow::Buffer> BufferOf(std::string text) {
  return arrow::Buffer::FromString(std::move(text));
}

}  // namespace

TextEncoder::TextEncoder(std::shared_ptr<arrow::RecordBatchReader> reader, TextForm form,
                         const EncodeOptions& options)
    : reader_(std::move(reader)),
      form_(std::move(form)),
      pool_(options.pool != nullptr ? options.pool : arrow::default_memory_pool()),
      chunk_bytes_(std::max<int64_t>(options.target_chunk_bytes, 1)),
      parts_ahead_(options.use_threads ? 2 * static_cast<size_t>(OrderedTasks::Threads()) : 1),
      tasks_(options.use_threads) {}

Result<Chunk> TextEncoder::Next() {
  ARROW_RETURN_NOT_OK(status_);
  auto chunk = Make();
  status_ = chunk.status();
  return chunk;
}

Result<Chunk> TextEncoder::Make() {
  Chunk chunk;
  if (!begun_) {
    // The first batch is read before the first byte is given, so that a reader that fails at once
    // can still be answered with an error.
    ReadBatch();
    ARROW_RETURN_NOT_OK(read_status_);
    begun_ = true;
    std::string before = form_.before(*reader_->schema());
    if (!before.empty()) chunk.push_back(BufferOf(std::move(before)));
  }
  for (int64_t bytes = ChunkBytes(chunk); !ended_ && bytes < chunk_bytes_;) {
    Fill();
    if (tasks_.size() == 0) {
      // What came before a failure is given first.
      if (!read_status_.ok()) break;
      ended_ = true;
      if (!form_.after.empty()) chunk.push_back(BufferOf(form_.after));
      break;
    }
    ARROW_ASSIGN_OR_RAISE(const int64_t part_bytes, TakePart(&chunk));
    bytes += part_bytes;
  }
  if (chunk.empty()) ARROW_RETURN_NOT_OK(read_status_);
  return chunk;
}

void TextEncoder::Fill() {
  while (read_status_.ok() && tasks_.size() < (bytes_per_row_ == 0 ? 1 : parts_ahead_)) {
    if (batch_ != nullptr) {
      AddPart();
    } else if (!exhausted_) {
      ReadBatch();
    } else {
      break;
    }
  }
}

void TextEncoder::ReadBatch() {
  read_status_ = reader_->ReadNext(&batch_);
  if (!read_status_.ok()) batch_ = nullptr;
  next_row_ = 0;
  exhausted_ = batch_ == nullptr;
  if (exhausted_ && read_status_.ok()) read_status_ = reader_->Close();
}

void TextEncoder::AddPart() {
  if (batch_->num_rows() == 0) {
    // Says at least whether the columns can be written.
    if (rows_added_ == 0 && tasks_.size() == 0) {
      part_rows_.push_back(0);
      tasks_.Add([this, part = batch_] { return Write(*part, false, 0); });
    }
    batch_ = nullptr;
    return;
  }
  const double part_bytes = static_cast<double>(std::min(chunk_bytes_ / 4, kMaxPartBytes));
  const int64_t wanted =
      bytes_per_row_ == 0 ? kFirstPartRows : static_cast<int64_t>(part_bytes / bytes_per_row_);
  const int64_t rows =
      std::min(batch_->num_rows() - next_row_, std::clamp<int64_t>(wanted, 1, kMaxPartRows));
  const auto room = static_cast<int64_t>(static_cast<double>(rows) * bytes_per_row_ * 1.1);
  part_rows_.push_back(rows);
  tasks_.Add([this, part = batch_->Slice(next_row_, rows), behind_rows = rows_added_ > 0, room] {
    return Write(*part, behind_rows, room);
  });
  rows_added_ += rows;
  next_row_ += rows;
  if (next_row_ == batch_->num_rows()) batch_ = nullptr;
}

OrderedTasks::Output TextEncoder::Write(const arrow::RecordBatch& part, bool behind_rows,
                                        int64_t room_bytes) {
  std::unique_ptr<RowWriter> writer;
  {
    std::lock_guard lock(writers_mutex_);
    if (!writers_.empty()) {
      writer = std::move(writers_.back());
      writers_.pop_back();
    }
  }
  if (writer == nullptr) writer = form_.make_writer();
  writer->set_behind_rows(behind_rows);
  arrow::BufferBuilder text(pool_);
  ARROW_RETURN_NOT_OK(text.Reserve(room_bytes));
  ARROW_RETURN_NOT_OK(writer->Write(part, &text));
  {
    std::lock_guard lock(writers_mutex_);
    writers_.push_back(std::move(writer));
  }
  // Shrinking would copy; it pays only where most of the room is empty.
  return text.Finish(2 * text.length() < text.capacity());
}

Result<int64_t> TextEncoder::TakePart(Chunk* chunk) {
  const int64_t rows = part_rows_.front();
  part_rows_.pop_front();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> text, tasks_.Take());
  if (rows > 0) {
    bytes_per_row_ = static_cast<double>(text->size()) / static_cast<double>(rows) + 1e-3;
  }
  const int64_t bytes = text->size();
  if (bytes > 0) chunk->push_back(std::move(text));
  return bytes;
}

}  // namespace headrace::codec
