#pragma once

#include <cstdint>

namespace headrace::base {

/// Every mapping begins on a page: no pool of mappings aligns what it gives by more than that.
inline constexpr int64_t kPageBytes = 4096;

}  // namespace headrace::base
