#pragma once

#include <cstdint>
#include <memory>

#include <arrow/io/interfaces.h>

#include "headrace/status.h"

namespace headrace::scan {

/// Bytes [begin, end) of a file as a stream of pages, read with positioned reads through a buffer
/// of a fixed size. A page that does not fit in the buffer is read straight into memory of its own.
/// Thread rule: one thread at a time; the file may be shared.
class PageStream final : public arrow::io::InputStream {
 public:
  PageStream(std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t begin, int64_t end,
             int64_t buffer_bytes, arrow::MemoryPool* pool);
  ~PageStream() override;

  /// The next Read() only moves on: parquet-cpp passes over a page by reading it.
  void SkipNextRead() noexcept { skip_next_read_ = true; }
  /// Where the last page that was passed over in that way ended.
  int64_t skipped_to() const noexcept { return skipped_to_; }
  /// Goes on at `position`, in either direction.
  void MoveTo(int64_t position) noexcept { position_ = position; }
  /// Where in the file the next byte is.
  int64_t position() const noexcept { return position_; }

  // arrow::io::InputStream
  using InputStream::Read;
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override;
  arrow::Result<std::string_view> Peek(int64_t bytes) override;
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override;
  bool closed() const override { return file_ == nullptr; }

 private:
  int64_t Buffered() const noexcept;
  Status Fill(int64_t at_least);
  Status ReadFully(int64_t position, int64_t bytes, uint8_t* out);

  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  int64_t position_;
  const int64_t end_;
  const int64_t buffer_bytes_;
  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::ResizableBuffer> buffer_;
  int64_t buffer_begin_ = 0;  // file positions of what the buffer holds
  int64_t buffer_end_ = 0;
  int64_t skipped_to_ = 0;
  bool skip_next_read_ = false;
};

}  // namespace headrace::scan
