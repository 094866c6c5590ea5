#pragma once

// The batch form for any column and any kind: nulls, first partial windows, every statistic. One
// row at a time. batch_full.h has the quick form for what is asked most.

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/rolling/rolling.h"

namespace headrace::kernels::rolling {

/// One job of a batch: all specs of one family and one window.
struct BatchJob {
  std::span<const RollingSpec> specs;   ///< of the whole call
  std::span<const RollingOutput> outs;  ///< of the whole call
  std::span<const uint32_t> members;    ///< which specs are in the job, never empty
  RollingColumn column;
  int64_t begin_row;  ///< first row that is retained
  int64_t first_row;  ///< first row of `outs`

  const RollingSpec& spec() const { return specs[members[0]]; }
};

/// Computes rows [from, to) of the job. `scratch` has GeneralScratchBytes(), 64-byte aligned.
void RollGeneral(const BatchJob& job, int64_t from, int64_t to, std::byte* scratch) noexcept;
size_t GeneralScratchBytes(const RollingSpec& spec, int64_t num_rows) noexcept;

}  // namespace headrace::kernels::rolling
