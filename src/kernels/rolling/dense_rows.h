#pragma once

// The valid values of a few rows, side by side.

#include <bit>
#include <cstdint>

#include "kernels/rolling/rolling.h"
#include "kernels/rolling/window_chunks.h"

namespace headrace::kernels::rolling {

/// Validity of rows [low, high), at most 64, bit 0 being `low`. Reads no byte beyond them.
inline uint64_t ValidBits(const RollingColumn& column, int64_t low, int64_t high) {
  const auto from = static_cast<uint64_t>(low - column.origin);
  const auto to = static_cast<uint64_t>(high - column.origin);
  uint64_t bits = 0;
  for (uint64_t byte = from / 8; byte * 8 < to; ++byte) {
    const auto value = static_cast<uint64_t>(column.validity[byte]);
    const auto shift = static_cast<int64_t>(byte * 8) - static_cast<int64_t>(from);
    bits |= shift < 0 ? value >> -shift : value << shift;
  }
  const uint64_t rows = to - from;
  return rows >= 64 ? bits : bits & ((uint64_t{1} << rows) - 1);
}

/// Valid values of rows [low, high), at most kChunkRows: the column itself where there are no
/// nulls, else a copy in `buffer`.
struct DenseRows {
  const double* values;
  int64_t count;
};

inline DenseRows Gather(const RollingColumn& column, int64_t low, int64_t high, double* buffer) {
  if (high <= low) return {buffer, 0};
  const double* values = column.values + (low - column.origin);
  if (column.validity == nullptr) return {values, high - low};
  uint64_t bits = ValidBits(column, low, high);
  if (std::popcount(bits) == high - low) return {values, high - low};
  int64_t count = 0;
  for (; bits != 0; bits &= bits - 1) buffer[count++] = values[std::countr_zero(bits)];
  return {buffer, count};
}

}  // namespace headrace::kernels::rolling
