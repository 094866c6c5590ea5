#include "kernels/rolling/rolling.h"

#include <algorithm>

#include "kernels/rolling/batch_general.h"
#include "kernels/rolling/rolling_family.h"

namespace headrace::kernels {

namespace {

using rolling::BatchJob;
using rolling::FamilyOf;

bool SameJob(const RollingSpec& a, const RollingSpec& b) {
  return a.window == b.window && FamilyOf(a.kind) == FamilyOf(b.kind);
}

size_t MemberBytes(size_t num_specs) { return (num_specs * sizeof(uint32_t) + 63) / 64 * 64; }

}  // namespace

void RollStack(std::span<const RollingSpec> specs, RollingColumn column, int64_t begin_row,
               int64_t first_row, int64_t end_row, std::span<const RollingOutput> outs,
               std::span<std::byte> scratch) noexcept {
  auto* members = reinterpret_cast<uint32_t*>(scratch.data());
  std::byte* rest = scratch.data() + MemberBytes(specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    const auto same = [&](const RollingSpec& other) { return SameJob(other, specs[i]); };
    if (std::any_of(specs.begin(), specs.begin() + static_cast<int64_t>(i), same)) continue;
    size_t count = 0;
    for (size_t j = i; j < specs.size(); ++j) {
      if (same(specs[j])) members[count++] = static_cast<uint32_t>(j);
    }
    const BatchJob job{specs, outs, {members, count}, column, begin_row, first_row};
    rolling::RollGeneral(job, first_row, end_row, rest);
  }
}

size_t RollStackScratchBytes(std::span<const RollingSpec> specs, int64_t num_rows) noexcept {
  size_t bytes = 0;
  for (const RollingSpec& spec : specs) {
    bytes = std::max(bytes, rolling::GeneralScratchBytes(spec, num_rows));
  }
  return MemberBytes(specs.size()) + bytes;
}

void Roll(const RollingSpec& spec, RollingColumn column, int64_t begin_row, int64_t first_row,
          int64_t end_row, RollingOutput out, std::span<std::byte> scratch) noexcept {
  RollStack({&spec, 1}, column, begin_row, first_row, end_row, {&out, 1}, scratch);
}

size_t RollScratchBytes(const RollingSpec& spec, int64_t num_rows) noexcept {
  return RollStackScratchBytes({&spec, 1}, num_rows);
}

}  // namespace headrace::kernels
