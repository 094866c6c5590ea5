#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

#include "headrace/status.h"

namespace headrace::shape {

/// A vector of plain values whose memory is drawn from a pool, at an address that is a multiple of
/// 64. Grows by half at least, so that appending costs O(1) on average.
template <typename T>
class PoolVector {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit PoolVector(arrow::MemoryPool* pool) : pool_(pool) {}

  /// kMemoryLimit, and nothing has changed, if the pool refuses.
  Status Resize(int64_t size, const T& fill = T{}) {
    ARROW_RETURN_NOT_OK(Reserve(size));
    if (size > size_) std::fill(data() + size_, data() + size, fill);
    size_ = size;
    return Status::OK();
  }

  /// The new values are not set.
  Status ResizeUninitialized(int64_t size) {
    ARROW_RETURN_NOT_OK(Reserve(size));
    size_ = size;
    return Status::OK();
  }

  Status Append(const T& value) {
    ARROW_RETURN_NOT_OK(Reserve(size_ + 1));
    data()[size_++] = value;
    return Status::OK();
  }

  Status Append(std::span<const T> values) {
    const auto count = static_cast<int64_t>(values.size());
    ARROW_RETURN_NOT_OK(Reserve(size_ + count));
    std::copy(values.begin(), values.end(), data() + size_);
    size_ += count;
    return Status::OK();
  }

  Status Reserve(int64_t size) {
    if (size <= capacity_) return Status::OK();
    const int64_t capacity = std::max(size, capacity_ + capacity_ / 2);
    const auto bytes = capacity * static_cast<int64_t>(sizeof(T));
    if (buffer_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(bytes, pool_));
    } else {
      ARROW_RETURN_NOT_OK(buffer_->Resize(bytes, false));
    }
    capacity_ = capacity;
    return Status::OK();
  }

  /// Gives the memory back.
  void Clear() {
    buffer_.reset();
    size_ = capacity_ = 0;
  }

  T* data() { return buffer_ ? reinterpret_cast<T*>(buffer_->mutable_data()) : nullptr; }
  const T* data() const { return buffer_ ? reinterpret_cast<const T*>(buffer_->data()) : nullptr; }
  T& operator[](int64_t i) { return data()[i]; }
  const T& operator[](int64_t i) const { return data()[i]; }
  int64_t size() const { return size_; }
  int64_t bytes() const { return capacity_ * static_cast<int64_t>(sizeof(T)); }

 private:
  arrow::MemoryPool* pool_;
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  int64_t size_ = 0;
  int64_t capacity_ = 0;
};

}  // namespace headrace::shape
