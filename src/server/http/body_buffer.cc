#include "server/http/body_buffer.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "headrace/error_code.h"

namespace headrace::server {

Status BodyBuffer::Reserve(size_t bytes) {
  if (bytes <= capacity_) return Status::OK();
  ARROW_RETURN_NOT_OK(reservation_.Resize(static_cast<int64_t>(bytes)));
  // Not make_unique: a body of many megabytes is not worth clearing first.
  std::unique_ptr<char[]> larger(new (std::nothrow) char[bytes]);
  if (larger == nullptr) {
    return MakeError(ErrorCode::kMemoryLimit, "no memory is left to read the body");
  }
  if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
  data_ = std::move(larger);
  capacity_ = bytes;
  return Status::OK();
}

Status BodyBuffer::Append(std::string_view bytes) {
  if (size_ + bytes.size() > capacity_) {
    ARROW_RETURN_NOT_OK(
        Reserve(std::max(size_ + bytes.size(), std::max<size_t>(4096, 2 * capacity_))));
  }
  if (!bytes.empty()) std::memcpy(free_begin(), bytes.data(), bytes.size());
  Advance(bytes.size());
  return Status::OK();
}

void BodyBuffer::Reset() noexcept {
  size_ = 0;
  if (capacity_ <= kKeptBytes) return;
  data_.reset();
  capacity_ = 0;
  // Shrinking is never refused.
  (void)reservation_.Resize(0);
}

}  // namespace headrace::server
