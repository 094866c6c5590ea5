#include "scan/page_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::scan {

PageStream::PageStream(std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t begin,
                       int64_t end, int64_t buffer_bytes, arrow::MemoryPool* pool)
    : file_(std::move(file)),
      position_(begin),
      end_(end),
      buffer_bytes_(buffer_bytes),
      pool_(pool) {}

PageStream::~PageStream() = default;

arrow::Status PageStream::Close() {
  buffer_.reset();
  file_.reset();
  return Status::OK();
}

int64_t PageStream::Buffered() const noexcept {
  return position_ >= buffer_begin_ && position_ < buffer_end_ ? buffer_end_ - position_ : 0;
}

Status PageStream::ReadFully(int64_t position, int64_t bytes, uint8_t* out) {
  ARROW_ASSIGN_OR_RAISE(const int64_t read, file_->ReadAt(position, bytes, out));
  if (read != bytes) {
    return MakeError(ErrorCode::kCorruptFile,
                     fmt::format("the file ends after byte {}, where {} more were expected",
                                 position + read, bytes - read));
  }
  return Status::OK();
}

// Makes the buffer begin at the position. A page that somebody still looks at is left where it is.
Status PageStream::Fill(int64_t at_least) {
  const int64_t size =
      std::min(std::max(at_least, buffer_bytes_), std::max<int64_t>(end_ - position_, 0));
  const int64_t kept = Buffered();
  if (kept >= size) return Status::OK();
  if (buffer_ == nullptr || buffer_.use_count() > 1 || buffer_->capacity() < size) {
    ARROW_ASSIGN_OR_RAISE(auto fresh, arrow::AllocateResizableBuffer(size, pool_));
    if (kept > 0) {
      std::memcpy(fresh->mutable_data(), buffer_->data() + (position_ - buffer_begin_),
                  static_cast<size_t>(kept));
    }
    buffer_ = std::move(fresh);
  } else {
    if (kept > 0) {
      std::memmove(buffer_->mutable_data(), buffer_->data() + (position_ - buffer_begin_),
                   static_cast<size_t>(kept));
    }
    ARROW_RETURN_NOT_OK(buffer_->Resize(size, /*shrink_to_fit=*/false));
  }
  buffer_begin_ = position_;
  buffer_end_ = position_ + kept;  // true even if the read below fails
  ARROW_RETURN_NOT_OK(ReadFully(buffer_end_, size - kept, buffer_->mutable_data() + kept));
  buffer_end_ = position_ + size;
  return Status::OK();
}

arrow::Result<std::string_view> PageStream::Peek(int64_t bytes) {
  bytes = std::min(bytes, std::max<int64_t>(end_ - position_, 0));
  // What is peeked at is a header: far shorter than what is asked for at first.
  if (Buffered() < std::min<int64_t>(bytes, buffer_bytes_)) ARROW_RETURN_NOT_OK(Fill(0));
  if (Buffered() < bytes && bytes > buffer_bytes_) ARROW_RETURN_NOT_OK(Fill(bytes));
  if (bytes == 0) return std::string_view();
  const auto* data = reinterpret_cast<const char*>(buffer_->data());
  return std::string_view(data + (position_ - buffer_begin_),
                          static_cast<size_t>(std::min(bytes, Buffered())));
}

arrow::Result<std::shared_ptr<arrow::Buffer>> PageStream::Read(int64_t bytes) {
  if (std::exchange(skip_next_read_, false)) {
    position_ += bytes;
    skipped_to_ = position_;
    return std::make_shared<arrow::Buffer>(nullptr, 0);
  }
  bytes = std::min(bytes, std::max<int64_t>(end_ - position_, 0));
  if (Buffered() < bytes && bytes <= buffer_bytes_ / 2) ARROW_RETURN_NOT_OK(Fill(bytes));
  const int64_t kept = std::min(Buffered(), bytes);
  if (kept == bytes) {
    auto slice = arrow::SliceBuffer(buffer_, position_ - buffer_begin_, bytes);
    position_ += bytes;
    return slice;
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> page, arrow::AllocateBuffer(bytes, pool_));
  if (kept > 0) {
    std::memcpy(page->mutable_data(), buffer_->data() + (position_ - buffer_begin_),
                static_cast<size_t>(kept));
  }
  ARROW_RETURN_NOT_OK(ReadFully(position_ + kept, bytes - kept, page->mutable_data() + kept));
  position_ += bytes;
  return page;
}

arrow::Result<int64_t> PageStream::Read(int64_t bytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, Read(bytes));
  if (buffer->size() > 0) {
    std::memcpy(out, buffer->data(), static_cast<size_t>(buffer->size()));
  }
  return buffer->size();
}

}  // namespace headrace::scan
