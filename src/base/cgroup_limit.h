#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace headrace::base {

/// The smallest memory limit that a cgroup (v1 or v2) puts on this process, its ancestors'
/// included. None if there is no limit or no cgroup file system. `root` is "/" but in tests, where
/// it holds a made-up /proc/self/cgroup and /sys/fs/cgroup.
std::optional<int64_t> CgroupMemoryLimitBytes(const std::string& root = "/");

/// The machine's physical memory.
int64_t PhysicalMemoryBytes();

}  // namespace headrace::base
