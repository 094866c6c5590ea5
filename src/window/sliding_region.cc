#include "window/sliding_region.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::window {

int64_t SlidingRegion::PageBytes() noexcept {
  static const int64_t bytes = sysconf(_SC_PAGESIZE);
  return bytes;
}

Result<SlidingRegion> SlidingRegion::Make(int64_t capacity_bytes) {
  const int64_t page = PageBytes();
  const int64_t capacity = (capacity_bytes + page - 1) / page * page;
  void* data = mmap(nullptr, static_cast<size_t>(capacity), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) {
    return MakeError(ErrorCode::kMemoryLimit,
                     fmt::format("the system refuses {} of address space for a live window: {}",
                                 FormatByteSize(capacity), std::strerror(errno)));
  }
  // Huge pages would be given back late and make a small window cost 2 MiB a column.
  madvise(data, static_cast<size_t>(capacity), MADV_NOHUGEPAGE);
  SlidingRegion region;
  region.data_ = static_cast<uint8_t*>(data);
  region.capacity_ = capacity;
  return region;
}

SlidingRegion::SlidingRegion(SlidingRegion&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)),
      released_(std::exchange(other.released_, 0)) {}

SlidingRegion& SlidingRegion::operator=(SlidingRegion&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(capacity_, other.capacity_);
  std::swap(released_, other.released_);
  return *this;
}

SlidingRegion::~SlidingRegion() {
  if (data_ != nullptr) munmap(data_, static_cast<size_t>(capacity_));
}

bool SlidingRegion::Release(int64_t bytes, int64_t granule) noexcept {
  const int64_t line = bytes / PageBytes() * PageBytes();
  if (line - released_ < granule || line <= released_) return false;
  madvise(data_ + released_, static_cast<size_t>(line - released_), MADV_DONTNEED);
  released_ = line;
  return true;
}

}  // namespace headrace::window
