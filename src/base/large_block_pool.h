#pragma once

#include <string>

#include <arrow/memory_pool.h>

#include "headrace/status.h"

namespace headrace::base {

/// Gives large blocks (from `kLargeBlockBytes`) pages of their own and leaves the small ones to
/// another pool. An allocator keeps what was freed for a while, and grows a block by copying it
/// beside itself: of blocks that double up to 100 MB, 200 MB more were resident. Pages of their own
/// go back when the block is freed, a block grows by moving its pages (mremap), and huge pages take
/// one fault for 2 MiB.
///
/// Keeps no counts: MemoryBudget does. Thread rule: all methods may be called from any thread.
class LargeBlockPool final : public arrow::MemoryPool {
 public:
  static constexpr int64_t kLargeBlockBytes = int64_t{4} << 20;

  /// `small` outlives the pool.
  explicit LargeBlockPool(arrow::MemoryPool* small) : small_(small) {}

  using MemoryPool::Allocate;
  using MemoryPool::Free;
  using MemoryPool::Reallocate;
  /// OutOfMemory if the system has no more.
  Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  void ReleaseUnused() override { small_->ReleaseUnused(); }
  int64_t bytes_allocated() const override { return small_->bytes_allocated(); }
  int64_t max_memory() const override { return small_->max_memory(); }
  int64_t total_bytes_allocated() const override { return small_->total_bytes_allocated(); }
  int64_t num_allocations() const override { return small_->num_allocations(); }
  std::string backend_name() const override { return small_->backend_name(); }

 private:
  arrow::MemoryPool* const small_;
};

}  // namespace headrace::base
