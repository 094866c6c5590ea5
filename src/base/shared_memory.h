#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <arrow/memory_pool.h>

#include "headrace/memory_budget.h"
#include "headrace/status.h"

namespace headrace::base {

/// Memory that another process can be handed as it lies there: a file without a name (memfd), to
/// which an arrow::MemoryPool gives out piece after piece. What is freed comes back when all is:
/// it is for rows that are written once and stay, until nobody reads them any more. Its pages count
/// against the budget. Thread rule: all methods may be called from any thread.
class SharedMemory final : public arrow::MemoryPool,
                           public std::enable_shared_from_this<SharedMemory> {
 public:
  /// `budget` outlives it. `owner` is the name under which the budget counts it. IOError if the
  /// system has no such files or no descriptors left.
  static Result<std::shared_ptr<SharedMemory>> Make(MemoryBudget* budget, std::string_view owner);
  ~SharedMemory() override;

  /// From now on nothing is given out, and nobody who is handed the file can change it.
  Status Seal();

  /// Where a byte lies in the file; nothing if it does not.
  std::optional<int64_t> OffsetOf(const uint8_t* byte) const;

  /// The file's, owned by this.
  int descriptor() const noexcept { return descriptor_; }
  int64_t size() const noexcept { return size_.load(std::memory_order_acquire); }

  using MemoryPool::Allocate;
  using MemoryPool::Free;
  using MemoryPool::Reallocate;
  /// kMemoryLimit if the budget refuses it, OutOfMemory if the system does. What is allocated keeps
  /// all of the memory alive.
  Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  int64_t bytes_allocated() const override { return allocated_.load(std::memory_order_relaxed); }
  int64_t max_memory() const override { return size(); }
  int64_t total_bytes_allocated() const override { return bytes_allocated(); }
  int64_t num_allocations() const override { return pieces_.load(std::memory_order_relaxed); }
  std::string backend_name() const override { return "memfd"; }

 private:
  struct Mapping {
    int64_t size = 0;
    int64_t offset = 0;  // in the file
  };
  SharedMemory(int descriptor, Reservation held)
      : descriptor_(descriptor), held_(std::move(held)) {}
  Result<uint8_t*> Extend(int64_t bytes);
  Result<uint8_t*> Take(int64_t size, int64_t alignment);

  const int descriptor_;
  mutable std::mutex mutex_;
  Reservation held_;
  std::map<uint8_t*, Mapping> mappings_;  // by where they begin
  uint8_t* common_ = nullptr;             // the mapping that small pieces come from
  int64_t used_ = 0;                      // of it
  bool sealed_ = false;
  std::atomic<int64_t> size_ = 0;
  std::atomic<int64_t> allocated_ = 0;
  std::atomic<int64_t> pieces_ = 0;
  std::shared_ptr<SharedMemory> kept_by_pieces_;  // while there are any
};

/// All of the memory that another process has handed over, to be read; mapped as long as the buffer
/// lives. The descriptor stays the caller's. IOError if it is none of a file.
Result<std::shared_ptr<arrow::Buffer>> MapSharedMemory(int descriptor);

}  // namespace headrace::base
