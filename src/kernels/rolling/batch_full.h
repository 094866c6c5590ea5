#pragma once

// The batch form's quick part: full windows without nulls, for the statistics that are asked for
// most. Runs on the best SIMD target of the machine.

#include <cstddef>
#include <cstdint>

#include "kernels/rolling/batch_general.h"

namespace headrace::kernels::rolling {

/// Whether RollFull answers this spec for a run of `num_rows` rows. It takes at least a window of
/// rows to be worth it, and with fewer its memory would not be bounded by the rows.
bool IsFullKind(const RollingSpec& spec, int64_t num_rows) noexcept;

/// Computes rows [from, to) of the job, whose members all satisfy IsFullKind(spec, to - from).
/// Requires: rows [from - window + 1, to) are retained and valid. `scratch` has FullScratchBytes(),
/// 64-byte aligned.
void RollFull(const BatchJob& job, int64_t from, int64_t to, std::byte* scratch) noexcept;
size_t FullScratchBytes(const RollingSpec& spec, int64_t num_rows) noexcept;

}  // namespace headrace::kernels::rolling
