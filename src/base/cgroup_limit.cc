#include "base/cgroup_limit.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

#include <unistd.h>

namespace headrace::base {
namespace {

// v1 writes "no limit" as the largest multiple of the page size below 2^63.
constexpr int64_t kUnlimitedV1 = int64_t{1} << 62;

std::optional<int64_t> ReadLimit(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  if (!(file >> text) || text == "max") return {};
  int64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc{} || bytes >= kUnlimitedV1) return {};
  return bytes;
}

std::optional<int64_t> Smaller(std::optional<int64_t> a, std::optional<int64_t> b) {
  if (!a) return b;
  return b ? std::min(*a, *b) : a;
}

// Walks from the process's own group up to the mount: an ancestor's limit binds as well. In a
// container the path of /proc/self/cgroup may lie outside the mount; its files are then missing and
// the walk ends at the mount, which is the container's own group.
std::optional<int64_t> SmallestUpwards(const std::string& mount, std::string group,
                                       std::string_view file) {
  std::optional<int64_t> limit;
  while (true) {
    limit = Smaller(limit, ReadLimit(mount + group + "/" + std::string(file)));
    const auto slash = group.rfind('/');
    if (slash == std::string::npos) return limit;
    group.resize(slash);
  }
}

}  // namespace

std::optional<int64_t> CgroupMemoryLimitBytes(const std::string& root) {
  std::ifstream groups(root + "/proc/self/cgroup");
  std::optional<int64_t> limit;
  // Lines are "id:controllers:path"; v2 has one with id 0 and no controllers.
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    std::string path = line.substr(second + 1);
    if (path == "/") path.clear();
    if (controllers == ",,") {
      limit = Smaller(limit, SmallestUpwards(root + "/sys/fs/cgroup", path, "memory.max"));
    } else if (controllers.find(",memory,") != std::string::npos) {
      limit = Smaller(
          limit, SmallestUpwards(root + "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
    }
  }
  return limit;
}

int64_t PhysicalMemoryBytes() {
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
}

}  // namespace headrace::base
