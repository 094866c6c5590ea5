#include <algorithm>

#include "headrace/streaming_adaptive.h"

namespace headrace {
namespace {
constexpr int64_t kMegabyte = 1 << 20;
}

MemoryManager::MemoryManager(MemoryBudget* budget)
    : budget_(budget != nullptr ? budget : MemoryBudget::Process()),
      tracked_(budget_->Reserve("tracked")) {}

int64_t MemoryManager::available_memory() const noexcept {
  return std::max<int64_t>(0, budget_->limit_bytes() - budget_->used_bytes()) / kMegabyte;
}

int64_t MemoryManager::current_usage() const noexcept {
  return (budget_->used_bytes() + kMegabyte - 1) / kMegabyte;
}

Status MemoryManager::TrackUsage(int64_t bytes) {
  std::lock_guard lock(mutex_);
  return tracked_.Resize(tracked_.bytes() + std::max<int64_t>(0, bytes));
}

void MemoryManager::ReleaseUsage(int64_t bytes) {
  std::lock_guard lock(mutex_);
  // Shrinking is never refused.
  (void)tracked_.Resize(std::max<int64_t>(0, tracked_.bytes() - std::max<int64_t>(0, bytes)));
}

bool MemoryManager::CanAllocate(int64_t bytes) const noexcept {
  return bytes <= budget_->limit_bytes() - budget_->used_bytes();
}

}  // namespace headrace
