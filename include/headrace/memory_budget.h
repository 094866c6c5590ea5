#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/memory_pool.h>

#include "headrace/status.h"

namespace headrace {

class MemoryBudget;

/// A share of the budget that an owner holds, given back on destruction. Movable, not copyable.
/// Thread rule: one thread at a time.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();

  /// Makes the share `bytes` large. Growing may be refused (ErrorCode::kMemoryLimit, and the share
  /// stays as it was); shrinking never is. Does not wait.
  Status Resize(int64_t bytes);

  int64_t bytes() const noexcept { return bytes_; }

 private:
  friend class MemoryBudget;
  Reservation(MemoryBudget* budget, int owner) noexcept : budget_(budget), owner_(owner) {}

  MemoryBudget* budget_ = nullptr;
  int owner_ = 0;
  int64_t bytes_ = 0;
};

/// The one bound on what the process holds. It is an arrow::MemoryPool, so that Arrow's decoders,
/// builders and writers draw from it unasked; whoever allocates by other means reserves its share.
/// A request that does not fit is refused at once with ErrorCode::kMemoryLimit and a message that
/// says who holds what; nothing here ever waits. What the allocator keeps of freed memory is given
/// back when the process would otherwise outgrow the limit by it. Thread rule: all methods may be
/// called from any thread. The budget outlives what draws from it.
class MemoryBudget final : public arrow::MemoryPool {
 public:
  /// `limit_bytes` 0 means the default, see DefaultLimitBytes(). `parent` allocates; null means the
  /// system's allocator, with pages of their own for large blocks, or the pool that the variable
  /// ARROW_DEFAULT_MEMORY_POOL names.
  explicit MemoryBudget(int64_t limit_bytes = 0, arrow::MemoryPool* parent = nullptr);
  ~MemoryBudget() override;

  /// 70 % of the smaller of this process's cgroup limit (v1 or v2, nearest ancestor included) and
  /// the machine's physical memory.
  static int64_t DefaultLimitBytes();

  /// The budget of this process: what Python's embedded objects and the command line draw from.
  static MemoryBudget* Process();

  int64_t limit_bytes() const noexcept;
  /// Takes effect for later requests; what is held beyond a smaller limit stays.
  void set_limit_bytes(int64_t bytes) noexcept;

  /// A share of 0 bytes in the name of `owner` ("window", "http", ...), to be resized.
  Reservation Reserve(std::string_view owner);

  struct Share {
    std::string owner;
    int64_t bytes;
  };
  /// Who holds how much now; "arrow" is what was allocated through the pool. Largest first.
  std::vector<Share> Shares() const;

  /// What is held now and what was held at most, pool and reservations together.
  int64_t used_bytes() const noexcept;
  int64_t peak_bytes() const noexcept;

  // arrow::MemoryPool. A refusal is Status::OutOfMemory with ErrorCode::kMemoryLimit.
  using MemoryPool::Allocate;
  using MemoryPool::Free;
  using MemoryPool::Reallocate;
  Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  void ReleaseUnused() override;
  int64_t bytes_allocated() const override;
  int64_t max_memory() const override;
  int64_t total_bytes_allocated() const override;
  int64_t num_allocations() const override;
  std::string backend_name() const override;

 private:
  friend class Reservation;
  Status Grow(int owner, int64_t bytes);
  void Shrink(int owner, int64_t bytes) noexcept;
  Status Refuse(int64_t bytes) const;

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "512MB", "1.5 GiB", "2000000": bytes. Units B, kB, MB, GB, TB (powers of 1000) and KiB, MiB,
/// GiB, TiB (powers of 1024), in any case. ErrorCode::kInvalidArgument otherwise, or if below 1.
Result<int64_t> ParseByteSize(std::string_view text);

/// 1536 -> "1.5 KiB".
std::string FormatByteSize(int64_t bytes);
/// Not less than `bytes` when it is read again: for sizes that are asked for.
std::string FormatByteSizeUp(int64_t bytes);

}  // namespace headrace
