#include "kernels/rolling/rolling.h"

#include <algorithm>

#include "kernels/rolling/batch_full.h"
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

// The first null in rows [row, end), or `end`.
int64_t NextNull(const RollingColumn& column, int64_t row, int64_t end) {
  if (column.validity == nullptr) return end;
  while (row < end) {
    const int64_t bit = row - column.origin;
    if (bit % 8 == 0 && column.validity[bit / 8] == 0xFF) {
      row += 8;
    } else if (rolling::IsValid(column, row)) {
      ++row;
    } else {
      return row;
    }
  }
  return end;
}

// A run of rows that RollFull can do, the rows before it being for RollGeneral; empty at `end` if
// there is no more.
struct Run {
  int64_t from;
  int64_t to;
};

Run NextFullRun(const BatchJob& job, int64_t row, int64_t end) {
  const int64_t window = job.spec().window;
  // Nothing shorter is worth the change.
  const int64_t least_rows = std::max<int64_t>(window, 64);
  int64_t from = std::max(row, job.begin_row + window - 1);
  while (end - from >= least_rows) {
    const int64_t null_row = NextNull(job.column, from - window + 1, end);
    if (null_row - from >= least_rows) return {from, null_row};
    from = null_row + window;
  }
  return {end, end};
}

void RollJob(const BatchJob& job, int64_t first_row, int64_t end_row, std::byte* scratch) {
  for (int64_t row = first_row; row < end_row;) {
    const Run run = NextFullRun(job, row, end_row);
    if (row < run.from) rolling::RollGeneral(job, row, run.from, scratch);
    if (run.from < run.to) rolling::RollFull(job, run.from, run.to, scratch);
    row = run.to;
  }
}

}  // namespace

void RollStack(std::span<const RollingSpec> specs, RollingColumn column, int64_t begin_row,
               int64_t first_row, int64_t end_row, std::span<const RollingOutput> outs,
               std::span<std::byte> scratch) noexcept {
  auto* members = reinterpret_cast<uint32_t*>(scratch.data());
  std::byte* rest = scratch.data() + MemberBytes(specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    const auto same = [&](const RollingSpec& other) { return SameJob(other, specs[i]); };
    if (std::any_of(specs.begin(), specs.begin() + static_cast<int64_t>(i), same)) continue;
    // Members that RollFull can do come first.
    const int64_t rows = end_row - first_row;
    size_t count = 0;
    size_t full = 0;
    for (const bool want_full : {true, false}) {
      for (size_t j = i; j < specs.size(); ++j) {
        if (!same(specs[j]) || rolling::IsFullKind(specs[j], rows) != want_full) continue;
        members[count++] = static_cast<uint32_t>(j);
      }
      if (want_full) full = count;
    }
    BatchJob job{specs, outs, {members, full}, column, begin_row, first_row};
    if (full > 0) RollJob(job, first_row, end_row, rest);
    job.members = {members + full, count - full};
    if (full < count) rolling::RollGeneral(job, first_row, end_row, rest);
  }
}

size_t RollStackScratchBytes(std::span<const RollingSpec> specs, int64_t num_rows) noexcept {
  size_t bytes = 0;
  for (const RollingSpec& spec : specs) {
    bytes = std::max({bytes, rolling::GeneralScratchBytes(spec, num_rows),
                      rolling::FullScratchBytes(spec, num_rows)});
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
