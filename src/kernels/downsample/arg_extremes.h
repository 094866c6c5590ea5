#pragma once

#include <cstdint>
#include <span>

namespace headrace::kernels {

/// Where the least and the greatest value of a stretch lie: of equal ones the first; -1 if there is
/// none. -0.0 and 0.0 are equal, infinities are values.
struct ArgExtremes {
  int64_t least = -1;
  int64_t greatest = -1;
  bool has_nan = false;
};

/// NaN is passed over and told of. One pass at the speed of memory, on the best SIMD target of the
/// machine; every target gives the same answer.
ArgExtremes FindExtremes(std::span<const double> values) noexcept;
ArgExtremes FindExtremes(std::span<const float> values) noexcept;
ArgExtremes FindExtremes(std::span<const int64_t> values) noexcept;
ArgExtremes FindExtremes(std::span<const int32_t> values) noexcept;

/// The SIMD target that run-time dispatch has chosen, for benchmarks ("AVX3", "AVX2", ...).
const char* ExtremesTargetName() noexcept;

}  // namespace headrace::kernels
