#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace headrace::kernels {

/// The `count` bits from bit `offset` on, the first one lowest; the bits above are 0.
/// Requires: 1 <= count <= 64. Reads no byte that has none of them.
inline uint64_t LoadBits(const uint8_t* bits, int64_t offset, int64_t count) noexcept {
  const uint8_t* const first = bits + (offset >> 3);
  const auto shift = static_cast<int>(offset & 7);
  const int64_t bytes = (shift + count + 7) >> 3;
  uint64_t word = 0;
  std::memcpy(&word, first, static_cast<size_t>(std::min<int64_t>(bytes, 8)));
  word >>= shift;
  if (bytes == 9) word |= uint64_t{first[8]} << (64 - shift);
  return count == 64 ? word : word & ((uint64_t{1} << count) - 1);
}

/// Moves `present` values at the front of `values` to the places of the set bits among bits
/// [offset, offset + rows), first to first, and puts 0 at the others.
///
///   bits    1 0 1 1 0      values  a b c . .   ->   a 0 b c 0
///
/// Requires: exactly `present` of those bits are set, and room for `rows` values.
/// Cost: O(rows / 64 + present), in place, from the end, 64 rows at a time: the values of a block
/// never lie behind it.
template <typename T>
void Spread(T* values, int64_t present, int64_t rows, const uint8_t* bits,
            int64_t offset) noexcept {
  T block[64];
  for (int64_t end = rows; end > present;) {
    const int64_t begin = (end - 1) & ~int64_t{63};
    const int64_t count = end - begin;
    uint64_t word = LoadBits(bits, offset + begin, count);
    const int64_t taken = std::popcount(word);
    present -= taken;
    T* const out = values + begin;
    if (taken == count) {
      std::memmove(out, values + present, static_cast<size_t>(count) * sizeof(T));
    } else {
      std::memcpy(block, values + present, static_cast<size_t>(taken) * sizeof(T));
      std::memset(out, 0, static_cast<size_t>(count) * sizeof(T));
      for (const T* from = block; word != 0; word &= word - 1) {
        out[std::countr_zero(word)] = *from++;
      }
    }
    end = begin;
  }
}

}  // namespace headrace::kernels
