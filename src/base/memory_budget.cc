#include "headrace/memory_budget.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cstdlib>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/cgroup_limit.h"
#include "base/large_block_pool.h"
#include "base/resident_memory.h"
#include "headrace/error_code.h"

namespace headrace {
namespace {

constexpr int kArrowOwner = 0;
constexpr int kMaxOwners = 64;
constexpr double kDefaultFraction = 0.7;

// What an allocator keeps of the freed, in case it is wanted again, belongs to no budget. How much
// there may be beyond the limit before it has to go, and how much is allocated at least between two
// looks at it.
constexpr int64_t kKeptBytes = int64_t{16} << 20;
constexpr int64_t kLookBytes = int64_t{8} << 20;

// The system's own allocator: of what is freed it keeps the least, and what it keeps it gives back
// when it is told to. Arrow's jemalloc kept 150 MiB of blocks of many sizes under a limit of 256 MB
// and its mimalloc 60 MiB under one of 64 MB, with no gain in time.
arrow::MemoryPool* DefaultParent() {
  if (std::getenv("ARROW_DEFAULT_MEMORY_POOL") != nullptr) return arrow::default_memory_pool();
  // Never destroyed, as the budgets over it.
  static auto* pool = std::make_unique<base::LargeBlockPool>(arrow::system_memory_pool()).release();
  return pool;
}

}  // namespace

// Owners are few and known by name (one for each wing or transport), so a fixed array of counters
// serves: growing and shrinking touch two atomics and no lock.
struct MemoryBudget::Impl {
  struct Owner {
    std::string name;
    std::atomic<int64_t> bytes{0};
  };

  std::atomic<int64_t> limit_bytes;
  arrow::MemoryPool* parent;
  std::atomic<int64_t> used_bytes{0};
  std::atomic<int64_t> peak_bytes{0};
  std::atomic<int64_t> pool_peak_bytes{0};
  std::atomic<int64_t> pool_total_bytes{0};
  std::atomic<int64_t> pool_allocations{0};
  std::atomic<int64_t> bytes_until_look{
      kLookBytes};                  // to be allocated until MindWhatIsKept() looks
  mutable std::mutex owners_mutex;  // guards num_owners and the names, not the counters
  std::array<Owner, kMaxOwners> owners;
  int num_owners = 1;

  void NoteAllocation(int64_t bytes) noexcept {
    pool_total_bytes.fetch_add(std::max<int64_t>(bytes, 0), std::memory_order_relaxed);
    pool_allocations.fetch_add(1, std::memory_order_relaxed);
    RaiseTo(pool_peak_bytes, owners[kArrowOwner].bytes.load(std::memory_order_relaxed));
  }

  // Has the allocator give back what it keeps if the process could otherwise outgrow the limit.
  // What is resident grows by no more than what is allocated, so that the next look can wait until
  // the rest of the room is.
  void MindWhatIsKept(int64_t allocated) noexcept {
    int64_t left = bytes_until_look.fetch_sub(allocated, std::memory_order_relaxed) - allocated;
    if (left > 0) return;
    // One thread looks; the others go on and find it done.
    if (!bytes_until_look.compare_exchange_strong(left, kLookBytes)) return;
    const int64_t most = limit_bytes.load(std::memory_order_relaxed) + kKeptBytes;
    int64_t resident = base::AnonymousResidentBytes();
    if (resident > most) {
      parent->ReleaseUnused();
      resident = base::AnonymousResidentBytes();
    }
    bytes_until_look.store(std::max(kLookBytes, most - resident), std::memory_order_relaxed);
  }

  static void RaiseTo(std::atomic<int64_t>& peak, int64_t value) noexcept {
    int64_t seen = peak.load(std::memory_order_relaxed);
    while (seen < value && !peak.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
    }
  }
};

MemoryBudget::MemoryBudget(int64_t limit_bytes, arrow::MemoryPool* parent)
    : impl_(std::make_unique<Impl>()) {
  impl_->limit_bytes = limit_bytes > 0 ? limit_bytes : DefaultLimitBytes();
  impl_->parent = parent != nullptr ? parent : DefaultParent();
  impl_->owners[kArrowOwner].name = "arrow";
}

MemoryBudget::~MemoryBudget() = default;

int64_t MemoryBudget::DefaultLimitBytes() {
  const int64_t physical = base::PhysicalMemoryBytes();
  const int64_t limit = std::min(physical, base::CgroupMemoryLimitBytes().value_or(physical));
  return static_cast<int64_t>(kDefaultFraction * static_cast<double>(limit));
}

MemoryBudget* MemoryBudget::Process() {
  // Never destroyed: buffers that foreign code holds may be freed during the exit of the process.
  static auto* budget = std::make_unique<MemoryBudget>().release();
  return budget;
}

int64_t MemoryBudget::limit_bytes() const noexcept { return impl_->limit_bytes.load(); }
void MemoryBudget::set_limit_bytes(int64_t bytes) noexcept {
  impl_->limit_bytes.store(bytes);
  impl_->bytes_until_look.store(kLookBytes);
}
int64_t MemoryBudget::used_bytes() const noexcept { return impl_->used_bytes.load(); }
int64_t MemoryBudget::peak_bytes() const noexcept { return impl_->peak_bytes.load(); }

Reservation MemoryBudget::Reserve(std::string_view owner) {
  std::lock_guard lock(impl_->owners_mutex);
  for (int i = 0; i < impl_->num_owners; ++i) {
    if (impl_->owners[i].name == owner) return Reservation(this, i);
  }
  if (impl_->num_owners == kMaxOwners) return Reservation(this, kMaxOwners - 1);  // shares the last
  impl_->owners[impl_->num_owners].name = owner;
  return Reservation(this, impl_->num_owners++);
}

std::vector<MemoryBudget::Share> MemoryBudget::Shares() const {
  std::vector<Share> shares;
  {
    std::lock_guard lock(impl_->owners_mutex);
    for (int i = 0; i < impl_->num_owners; ++i) {
      shares.push_back({impl_->owners[i].name, impl_->owners[i].bytes.load()});
    }
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.bytes > b.bytes; });
  return shares;
}

Status MemoryBudget::Grow(int owner, int64_t bytes) {
  // A compare-and-swap, not add-then-check: two requests that do not both fit must not both be
  // refused.
  int64_t used = impl_->used_bytes.load(std::memory_order_relaxed);
  do {
    if (bytes > impl_->limit_bytes.load(std::memory_order_relaxed) - used) return Refuse(bytes);
  } while (!impl_->used_bytes.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  impl_->owners[owner].bytes.fetch_add(bytes, std::memory_order_relaxed);
  Impl::RaiseTo(impl_->peak_bytes, used + bytes);
  return Status::OK();
}

void MemoryBudget::Shrink(int owner, int64_t bytes) noexcept {
  impl_->owners[owner].bytes.fetch_sub(bytes, std::memory_order_relaxed);
  [[maybe_unused]] const int64_t before =
      impl_->used_bytes.fetch_sub(bytes, std::memory_order_relaxed);
  assert(before >= bytes);
}

Status MemoryBudget::Refuse(int64_t bytes) const {
  std::string holders;
  for (const Share& share : Shares()) {
    if (share.bytes == 0) continue;
    holders += fmt::format("{}{} {}", holders.empty() ? "" : ", ", share.owner,
                           FormatByteSize(share.bytes));
  }
  return MakeError(ErrorCode::kMemoryLimit,
                   fmt::format("{} more does not fit into the memory limit of {} (held: {}); raise "
                               "--memory-limit or hold less",
                               FormatByteSize(bytes), FormatByteSize(limit_bytes()),
                               holders.empty() ? "nothing" : holders));
}

Status MemoryBudget::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  ARROW_RETURN_NOT_OK(Grow(kArrowOwner, size));
  if (Status status = impl_->parent->Allocate(size, alignment, out); !status.ok()) {
    Shrink(kArrowOwner, size);
    return status;
  }
  impl_->NoteAllocation(size);
  impl_->MindWhatIsKept(size);
  return Status::OK();
}

Status MemoryBudget::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                                uint8_t** ptr) {
  const int64_t growth = new_size - old_size;
  if (growth > 0) ARROW_RETURN_NOT_OK(Grow(kArrowOwner, growth));
  if (Status status = impl_->parent->Reallocate(old_size, new_size, alignment, ptr); !status.ok()) {
    if (growth > 0) Shrink(kArrowOwner, growth);
    return status;
  }
  if (growth < 0) Shrink(kArrowOwner, -growth);
  impl_->NoteAllocation(growth);
  impl_->MindWhatIsKept(new_size);  // it may have been copied
  return Status::OK();
}

void MemoryBudget::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  impl_->parent->Free(buffer, size, alignment);
  Shrink(kArrowOwner, size);
}

void MemoryBudget::ReleaseUnused() { impl_->parent->ReleaseUnused(); }

int64_t MemoryBudget::bytes_allocated() const {
  return impl_->owners[kArrowOwner].bytes.load(std::memory_order_relaxed);
}
int64_t MemoryBudget::max_memory() const { return impl_->pool_peak_bytes.load(); }
int64_t MemoryBudget::total_bytes_allocated() const { return impl_->pool_total_bytes.load(); }
int64_t MemoryBudget::num_allocations() const { return impl_->pool_allocations.load(); }
std::string MemoryBudget::backend_name() const { return impl_->parent->backend_name(); }

Reservation::Reservation(Reservation&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)),
      owner_(other.owner_),
      bytes_(std::exchange(other.bytes_, 0)) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this != &other) {
    if (budget_ != nullptr) budget_->Shrink(owner_, bytes_);
    budget_ = std::exchange(other.budget_, nullptr);
    owner_ = other.owner_;
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

Reservation::~Reservation() {
  if (budget_ != nullptr) budget_->Shrink(owner_, bytes_);
}

Status Reservation::Resize(int64_t bytes) {
  assert(budget_ != nullptr && bytes >= 0);
  if (bytes > bytes_) {
    ARROW_RETURN_NOT_OK(budget_->Grow(owner_, bytes - bytes_));
  } else {
    budget_->Shrink(owner_, bytes_ - bytes);
  }
  bytes_ = bytes;
  return Status::OK();
}

}  // namespace headrace
