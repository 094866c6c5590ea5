#pragma once

#include <cstdint>

namespace headrace::base {

/// What this process holds in memory of its own, pages of files not counted, as the kernel knows
/// it: exact to a few hundred KiB, for about 2 us. 0 where there is no /proc.
int64_t AnonymousResidentBytes() noexcept;

}  // namespace headrace::base
