#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "kernels/select/spread.h"

namespace headrace::kernels {

/// Calls visit(row) for the rows below `rows` whose bit, from bit `offset` on, is set; in order.
/// Cost: O(rows / 64 + set bits).
template <typename Visit>
[[gnu::always_inline]] inline void ForEachSet(const uint8_t* bits, int64_t offset, int64_t rows,
                                              Visit&& visit) {
  for (int64_t begin = 0; begin < rows; begin += 64) {
    const int64_t count = rows - begin < 64 ? rows - begin : 64;
    for (uint64_t word = LoadBits(bits, offset + begin, count); word != 0; word &= word - 1) {
      visit(begin + std::countr_zero(word));
    }
  }
}

/// Copies the values whose bit is set to the front of `out`, first to first; returns how many.
///
///   bits    1 0 1 1 0      values  a b c d e   ->   out  a c d
///
/// The opposite of Spread(). Requires: `out` does not overlap `values` and has room for them.
template <typename T>
int64_t Compact(const T* values, int64_t rows, const uint8_t* bits, int64_t offset,
                T* out) noexcept {
  T* const begin = out;
  ForEachSet(bits, offset, rows, [&](int64_t row) { *out++ = values[row]; });
  return out - begin;
}

}  // namespace headrace::kernels
