#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace headrace::kernels {

/// Bytes behind the end of both sides that CopyText() may read and overwrite.
inline constexpr int64_t kTextSlack = 32;

/// Copies a text of any length; a short one as a whole block, so that no call and no loop is made
/// for it. Requires: kTextSlack bytes of both sides behind the text may be read, and written.
[[gnu::always_inline]] inline void CopyText(uint8_t* to, const uint8_t* from, size_t length) {
  if (length <= 16) [[likely]] {
    std::memcpy(to, from, 16);
  } else if (length <= 32) {
    std::memcpy(to, from, 32);
  } else {
    std::memcpy(to, from, length);
  }
}

}  // namespace headrace::kernels
