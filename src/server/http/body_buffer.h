#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "headrace/memory_budget.h"
#include "headrace/status.h"

namespace headrace::server {

/// Where a request's body is gathered. Its memory is reserved before it is allocated, so that a
/// body that the budget cannot hold is refused before it is read. Small memory is kept from request
/// to request. Thread rule: one thread at a time.
class BodyBuffer {
 public:
  explicit BodyBuffer(MemoryBudget* budget) : reservation_(budget->Reserve("http")) {}

  /// Makes room for `bytes` in all, keeping what is there. kMemoryLimit if the budget refuses.
  Status Reserve(size_t bytes);
  Status Append(std::string_view bytes);

  /// What was read into the free part, up to `bytes`. Requires: room for it.
  void Advance(size_t bytes) noexcept { size_ += bytes; }
  char* free_begin() noexcept { return data_.get() + size_; }

  std::string_view view() const noexcept { return {data_.get(), size_}; }
  size_t size() const noexcept { return size_; }

  /// Empties it; gives memory beyond kKeptBytes back.
  void Reset() noexcept;

  static constexpr size_t kKeptBytes = 64 << 10;

 private:
  std::unique_ptr<char[]> data_;
  size_t capacity_ = 0;
  size_t size_ = 0;
  Reservation reservation_;
};

}  // namespace headrace::server
