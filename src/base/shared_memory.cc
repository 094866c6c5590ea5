#include "base/shared_memory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <arrow/buffer.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/page_bytes.h"
#include "headrace/error_code.h"

namespace headrace::base {
namespace {

// Pieces from this size have a mapping of their own, smaller ones share one of this size.
constexpr int64_t kMappingBytes = 1 << 20;

int64_t RoundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

Status SystemFault(std::string_view what) {
  return MakeError(ErrorCode::kIOError, fmt::format("{}: {}", what, std::strerror(errno)));
}

}  // namespace

Result<std::shared_ptr<SharedMemory>> SharedMemory::Make(MemoryBudget* budget,
                                                         std::string_view owner) {
  const int descriptor = ::memfd_create("headrace", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return SystemFault("there is no memory to share");
  return std::shared_ptr<SharedMemory>(new SharedMemory(descriptor, budget->Reserve(owner)));
}

SharedMemory::~SharedMemory() {
  for (const auto& [begin, mapping] : mappings_) {
    ::munmap(begin, static_cast<size_t>(mapping.size));
  }
  ::close(descriptor_);
}

Result<uint8_t*> SharedMemory::Extend(int64_t bytes) {
  const int64_t offset = size();
  const int64_t size = RoundUp(bytes, kPageBytes);
  ARROW_RETURN_NOT_OK(held_.Resize(offset + size));
  void* mapped = MAP_FAILED;
  if (::ftruncate(descriptor_, offset + size) == 0) {
    mapped = ::mmap(nullptr, static_cast<size_t>(size), PROT_READ | PROT_WRITE, MAP_SHARED,
                    descriptor_, offset);
  }
  if (mapped == MAP_FAILED) {
    const Status fault = Status::OutOfMemory(
        fmt::format("the system gives no {} bytes to share: {}", size, std::strerror(errno)));
    (void)::ftruncate(descriptor_, offset);
    (void)held_.Resize(offset);
    return fault;
  }
  auto* const begin = static_cast<uint8_t*>(mapped);
  mappings_.emplace(begin, Mapping{size, offset});
  size_.store(offset + size, std::memory_order_release);
  return begin;
}

Result<uint8_t*> SharedMemory::Take(int64_t size, int64_t alignment) {
  if (size >= kMappingBytes) return Extend(size);
  const int64_t begin = RoundUp(used_, alignment);
  if (common_ != nullptr && begin + size <= kMappingBytes) {
    used_ = begin + size;
    return common_ + begin;
  }
  ARROW_ASSIGN_OR_RAISE(common_, Extend(kMappingBytes));
  used_ = size;
  return common_;
}

Status SharedMemory::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  std::lock_guard lock(mutex_);
  if (sealed_ || alignment > kPageBytes) {
    return Status::Invalid("shared memory that is sealed, or an alignment beyond a page");
  }
  ARROW_ASSIGN_OR_RAISE(*out, Take(size, alignment));
  allocated_.fetch_add(size, std::memory_order_relaxed);
  if (pieces_.fetch_add(1, std::memory_order_relaxed) == 0) kept_by_pieces_ = shared_from_this();
  return Status::OK();
}

Status SharedMemory::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                                uint8_t** ptr) {
  if (new_size <= old_size) {
    allocated_.fetch_sub(old_size - new_size, std::memory_order_relaxed);
    return Status::OK();
  }
  uint8_t* moved = nullptr;
  ARROW_RETURN_NOT_OK(Allocate(new_size, alignment, &moved));
  std::memcpy(moved, *ptr, static_cast<size_t>(old_size));
  Free(*ptr, old_size, alignment);
  *ptr = moved;
  return Status::OK();
}

void SharedMemory::Free(uint8_t* /*buffer*/, int64_t size, int64_t /*alignment*/) {
  std::shared_ptr<SharedMemory> last;  // goes behind the lock
  std::lock_guard lock(mutex_);
  allocated_.fetch_sub(size, std::memory_order_relaxed);
  if (pieces_.fetch_sub(1, std::memory_order_relaxed) == 1) last = std::move(kept_by_pieces_);
}

Status SharedMemory::Seal() {
  std::lock_guard lock(mutex_);
  sealed_ = true;
  for (const auto& [begin, mapping] : mappings_) {
    ::mprotect(begin, static_cast<size_t>(mapping.size), PROT_READ);
  }
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
  if (::fcntl(descriptor_, F_ADD_SEALS, kSeals) == 0) return Status::OK();
  return SystemFault("memory to share cannot be sealed");
}

std::optional<int64_t> SharedMemory::OffsetOf(const uint8_t* byte) const {
  std::lock_guard lock(mutex_);
  auto next = mappings_.upper_bound(const_cast<uint8_t*>(byte));
  if (next == mappings_.begin()) return std::nullopt;
  const auto& [begin, mapping] = *--next;
  if (byte >= begin + mapping.size) return std::nullopt;
  return mapping.offset + (byte - begin);
}

namespace {

/// All of a file of another process, read only.
class MappedMemory final : public arrow::Buffer {
 public:
  using arrow::Buffer::Buffer;
  ~MappedMemory() override { ::munmap(const_cast<uint8_t*>(data()), static_cast<size_t>(size())); }
};

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> MapSharedMemory(int descriptor) {
  struct stat file{};
  if (::fstat(descriptor, &file) != 0) return SystemFault("no memory came with the answer");
  if (file.st_size == 0) return std::make_shared<arrow::Buffer>(nullptr, 0);
  void* const mapped =
      ::mmap(nullptr, static_cast<size_t>(file.st_size), PROT_READ, MAP_SHARED, descriptor, 0);
  if (mapped == MAP_FAILED) return SystemFault("the memory that came cannot be mapped");
  return std::make_shared<MappedMemory>(static_cast<const uint8_t*>(mapped), file.st_size);
}

}  // namespace headrace::base
