#include "base/resident_memory.h"

#include <array>
#include <charconv>

#include <fcntl.h>
#include <unistd.h>

namespace headrace::base {

int64_t AnonymousResidentBytes() noexcept {
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::array<char, 128> text;
  const ssize_t size = ::read(file, text.data(), text.size());
  ::close(file);
  // Pages: size, resident, and of those the ones of files and of shared memory.
  std::array<int64_t, 3> pages{};
  const char* at = text.data();
  const char* const end = at + (size < 0 ? 0 : size);
  for (int64_t& number : pages) {
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc() || next == end) return 0;
    at = next + 1;
  }
  return (pages[1] - pages[2]) * ::sysconf(_SC_PAGESIZE);
}

}  // namespace headrace::base
