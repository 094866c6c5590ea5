#pragma once

#include <cstdint>

namespace headrace::kernels {

/// Moves `present` values at the front of `values` to the places of the set bits among bits
/// [offset, offset + rows), first to first; what lies at the other places is unspecified.
///
///   bits    1 0 1 1 0      values  a b c . .   ->   a . b c .
///
/// Requires: exactly `present` of those bits are set, and room for `rows` values.
/// Cost: O(rows), in place, from the end.
template <typename T>
void Spread(T* values, int64_t present, int64_t rows, const uint8_t* bits,
            int64_t offset) noexcept {
  for (int64_t row = rows - 1; row >= 0 && present <= row; --row) {
    const int64_t bit = offset + row;
    if ((bits[bit >> 3] >> (bit & 7)) & 1) values[row] = values[--present];
  }
}

}  // namespace headrace::kernels
