#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace headrace::shape {

/// An integer that is ordered as the number is: its bits, those of a negative one turned round.
/// -0.0 has the key of 0.0. Requires: not NaN.
inline int64_t OrderKeyOf(double value) {
  const auto bits = std::bit_cast<int64_t>(value + 0.0);
  return bits ^ ((bits >> 63) & std::numeric_limits<int64_t>::max());
}

inline double RealOfKey(int64_t key) {
  return std::bit_cast<double>(key ^ ((key >> 63) & std::numeric_limits<int64_t>::max()));
}

}  // namespace headrace::shape
