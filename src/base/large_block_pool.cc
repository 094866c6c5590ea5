#include "base/large_block_pool.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <sys/mman.h>

#include "base/page_bytes.h"

namespace headrace::base {
namespace {

// Who wants more alignment than a page's is served by the small pool.
bool IsLarge(int64_t size, int64_t alignment) {
  return size >= LargeBlockPool::kLargeBlockBytes && alignment <= kPageBytes;
}

Status Checked(void* mapped, int64_t size, uint8_t** out) {
  if (mapped == MAP_FAILED) {
    return Status::OutOfMemory(fmt::format("the system gives no {} bytes", size));
  }
  // May be refused (kernels without huge pages): then there are small ones.
  (void)::madvise(mapped, static_cast<size_t>(size), MADV_HUGEPAGE);
  *out = static_cast<uint8_t*>(mapped);
  return Status::OK();
}

}  // namespace

Status LargeBlockPool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  if (!IsLarge(size, alignment)) return small_->Allocate(size, alignment, out);
  return Checked(::mmap(nullptr, static_cast<size_t>(size), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                 size, out);
}

Status LargeBlockPool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                                  uint8_t** ptr) {
  const bool was_large = IsLarge(old_size, alignment);
  const bool is_large = IsLarge(new_size, alignment);
  if (!was_large && !is_large) return small_->Reallocate(old_size, new_size, alignment, ptr);
  if (was_large && is_large) {
    return Checked(::mremap(*ptr, static_cast<size_t>(old_size), static_cast<size_t>(new_size),
                            MREMAP_MAYMOVE),
                   new_size, ptr);
  }
  uint8_t* moved = nullptr;
  ARROW_RETURN_NOT_OK(Allocate(new_size, alignment, &moved));
  std::memcpy(moved, *ptr, static_cast<size_t>(std::min(old_size, new_size)));
  Free(*ptr, old_size, alignment);
  *ptr = moved;
  return Status::OK();
}

void LargeBlockPool::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  if (!IsLarge(size, alignment)) return small_->Free(buffer, size, alignment);
  ::munmap(buffer, static_cast<size_t>(size));
}

}  // namespace headrace::base
