#include "kernels/rolling/batch_full.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rolling/batch_full.cc"
#include <algorithm>
#include <cmath>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/rolling/full_blocks-inl.h"
#include "kernels/rolling/full_segments-inl.h"
#include "kernels/rolling/full_steps-inl.h"

#ifndef HEADRACE_ROLLING_FULL_RUN_H_
#define HEADRACE_ROLLING_FULL_RUN_H_
namespace headrace::kernels::rolling {

// Rows with full windows, side by side: row i's value is x[i], its result out[i]; x[-(window - 1)]
// is there.
struct FullRun {
  const double* x;
  int64_t rows;
  int64_t window;
  double* out;
  double* suffixes;        // 64-byte aligned
  const double* inverses;  // as SpreadStep asks for
};

// Up to here a window's values are looked at anew for every row.
inline constexpr int64_t kDirectWindow = 7;
// From here on a block in each lane is more than the cache holds.
inline constexpr int64_t kSegmentWindow = 4096;
inline constexpr int64_t kMostLanes = 8;

}  // namespace headrace::kernels::rolling
#endif

HWY_BEFORE_NAMESPACE();
namespace headrace::kernels::rolling {
namespace HWY_NAMESPACE {

using Wide = hn::ScalableTag<double>;
using Single = hn::CappedTag<double, 1>;

// Whole blocks of a long window; returns the rows done.
template <class Step>
int64_t RunSegments(const FullRun& run, Step step) {
  if constexpr (hn::MaxLanes(Wide()) == 1) return 0;
  const int64_t rows = run.rows / run.window * run.window;
  if (run.window < kSegmentWindow || rows == 0) return 0;
  SegmentRoller<Wide, Step> roller(Wide(), step, run.window, run.suffixes);
  return roller.Roll(run.x, rows, run.out);
}

// All lanes as long as there are rows for them, the rest one block at a time. make(tag) makes the
// step.
template <class Make>
void RunBlocks(const FullRun& run, const Make& make) {
  const Wide wide;
  const int64_t group = static_cast<int64_t>(hn::Lanes(wide)) * run.window;
  auto wide_step = make(wide);
  int64_t row = RunSegments(run, wide_step);
  for (; run.window < kSegmentWindow && row + group <= run.rows; row += group) {
    RollBlockLanes(wide, wide_step, run.x + row, run.window, run.window, run.out + row,
                   run.suffixes);
  }
  const Single single;
  auto single_step = make(single);
  for (; row < run.rows; row += run.window) {
    RollBlockLanes(single, single_step, run.x + row, run.window,
                   std::min(run.window, run.rows - row), run.out + row, run.suffixes);
  }
}

// direct(tag, x) gives the results of the rows at x.
template <class Direct>
void RunDirect(const FullRun& run, const Direct& direct) {
  const Wide wide;
  const auto lanes = static_cast<int64_t>(hn::Lanes(wide));
  int64_t row = 0;
  for (; row + lanes <= run.rows; row += lanes) {
    hn::StoreU(direct(wide, run.x + row), wide, run.out + row);
  }
  const Single single;
  for (; row < run.rows; ++row) hn::StoreU(direct(single, run.x + row), single, run.out + row);
}

void RunSum(const FullRun& run, bool mean) {
  const auto window = static_cast<double>(run.window);
  const SumScale scale{.window = window, .inverse = 1 / window, .mean = mean};
  if (run.window <= kDirectWindow) {
    RunDirect(run,
              [&](auto d, const double* x) HWY_ATTR { return DirectSum(d, scale, x, run.window); });
  } else {
    RunBlocks(run, [&](auto d) HWY_ATTR { return SumStep<decltype(d)>(d, scale); });
  }
}

void RunSpread(const FullRun& run, int ddof, bool root) {
  const SpreadScale scale{.inverse = 1 / static_cast<double>(run.window - ddof), .root = root};
  if (run.window <= kDirectWindow) {
    RunDirect(run, [&](auto d, const double* x)
                       HWY_ATTR { return DirectSpread(d, scale, x, run.window); });
  } else {
    RunBlocks(run, [&](auto d) HWY_ATTR {
      return SpreadStep<decltype(d)>(d, scale, run.window, run.inverses);
    });
  }
}

template <Extreme kWhich, bool kNan>
void RunExtreme(const FullRun& run) {
  if (run.window <= kDirectWindow) {
    RunDirect(run, [&](auto d, const double* x)
                       HWY_ATTR { return DirectExtreme<kWhich, kNan>(d, x, run.window); });
  } else {
    RunBlocks(run, [&](auto d) HWY_ATTR { return ExtremeStep<decltype(d), kWhich, kNan>(d); });
  }
}

// The loops that heed NaN are slower, and seldom needed: looks for them first, a part at a time
// that stays in the cache.
template <Extreme kWhich>
void RunChecked(const FullRun& run) {
  if (run.window >= kSegmentWindow) {
    const int64_t done = RunSegments(run, ExtremeStep<Wide, kWhich, false>(Wide()));
    FullRun rest = run;
    rest.x += done;
    rest.out += done;
    rest.rows -= done;
    RunExtreme<kWhich, true>(rest);
  } else if (MayHaveNan(run.x - run.window + 1, run.rows + run.window - 1)) {
    RunExtreme<kWhich, true>(run);
  } else {
    RunExtreme<kWhich, false>(run);
  }
}

void RunMin(const FullRun& run) { RunChecked<Extreme::kMin>(run); }
void RunMax(const FullRun& run) { RunChecked<Extreme::kMax>(run); }

}  // namespace HWY_NAMESPACE
}  // namespace headrace::kernels::rolling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace headrace::kernels::rolling {

HWY_EXPORT(RunSum);
HWY_EXPORT(RunSpread);
HWY_EXPORT(RunMin);
HWY_EXPORT(RunMax);

namespace {

enum class Source : uint8_t { kSum, kSpread, kMin, kMax, kCount };

Source SourceOf(RollingKind kind) {
  switch (kind) {
    case RollingKind::kSum:
    case RollingKind::kMean: return Source::kSum;
    case RollingKind::kVar:
    case RollingKind::kStd: return Source::kSpread;
    case RollingKind::kMin: return Source::kMin;
    case RollingKind::kMax: return Source::kMax;
    default: return Source::kCount;
  }
}

void Compute(const RollingSpec& spec, const FullRun& run) {
  switch (spec.kind) {
    case RollingKind::kSum:
    case RollingKind::kMean:
      return HWY_DYNAMIC_DISPATCH(RunSum)(run, spec.kind == RollingKind::kMean);
    case RollingKind::kVar:
    case RollingKind::kStd:
      return HWY_DYNAMIC_DISPATCH(RunSpread)(run, spec.ddof, spec.kind == RollingKind::kStd);
    case RollingKind::kMin: return HWY_DYNAMIC_DISPATCH(RunMin)(run);
    case RollingKind::kMax: return HWY_DYNAMIC_DISPATCH(RunMax)(run);
    default: std::fill(run.out, run.out + run.rows, static_cast<double>(run.window));
  }
}

// `to` from what another spec of the same source has already computed.
void Derive(const RollingSpec& from, const double* have, const RollingSpec& to, double* out,
            int64_t rows) {
  const auto n = static_cast<double>(from.window);
  if (from.kind == to.kind && (from.ddof == to.ddof || SourceOf(to.kind) != Source::kSpread)) {
    std::copy(have, have + rows, out);
  } else if (SourceOf(to.kind) == Source::kSum) {
    const bool mean = to.kind == RollingKind::kMean;
    for (int64_t i = 0; i < rows; ++i) out[i] = mean ? have[i] / n : have[i] * n;
  } else {
    const double ratio = (n - from.ddof) / (n - to.ddof);
    for (int64_t i = 0; i < rows; ++i) {
      const double variance =
          (from.kind == RollingKind::kStd ? have[i] * have[i] : have[i]) * ratio;
      out[i] = to.kind == RollingKind::kStd ? std::sqrt(variance) : variance;
    }
  }
}

bool Exists(const RollingSpec& spec) {
  if (spec.kind == RollingKind::kCount) return true;
  if (spec.min_samples > spec.window) return false;
  return SourceOf(spec.kind) != Source::kSpread || spec.window > spec.ddof;
}

void SetBits(uint8_t* bits, int64_t from, int64_t to, bool value) {
  for (; from < to && from % 8 != 0; ++from) {
    const auto bit = static_cast<uint8_t>(1u << (from % 8));
    bits[from / 8] = static_cast<uint8_t>(value ? bits[from / 8] | bit : bits[from / 8] & ~bit);
  }
  const int64_t bytes = (to - from) / 8;
  if (bytes > 0) std::fill_n(bits + from / 8, bytes, value ? uint8_t{0xFF} : uint8_t{0});
  for (from += std::max<int64_t>(0, bytes) * 8; from < to; ++from) {
    const auto bit = static_cast<uint8_t>(1u << (from % 8));
    bits[from / 8] = static_cast<uint8_t>(value ? bits[from / 8] | bit : bits[from / 8] & ~bit);
  }
}

// One stretch of rows, for all members: each source once, while the values are in the cache.
void RunSegment(const BatchJob& job, const FullRun& segment, int64_t at) {
  const auto first_of = [&](const RollingSpec& spec, uint32_t i) {
    for (uint32_t j : job.members) {
      if (j == i || (Exists(job.specs[j]) && SourceOf(job.specs[j].kind) == SourceOf(spec.kind))) {
        return j;
      }
    }
    return i;
  };
  for (uint32_t i : job.members) {
    const RollingSpec& spec = job.specs[i];
    FullRun run = segment;
    run.out = job.outs[i].values + at;
    if (!Exists(spec)) {
      std::fill(run.out, run.out + run.rows, 0.0);
      continue;
    }
    const uint32_t source = first_of(spec, i);
    if (source != i) {
      Derive(job.specs[source], job.outs[source].values + at, spec, run.out, run.rows);
      continue;
    }
    Compute(spec, run);
  }
}

int64_t LanesFor(const RollingSpec& spec, int64_t num_rows) {
  if (spec.window >= kSegmentWindow) return 2;
  return num_rows / spec.window >= 2 ? kMostLanes : 1;
}

size_t InverseBytes(int64_t window) {
  return (static_cast<size_t>(window + 1) * sizeof(double) + 63) / 64 * 64;
}

}  // namespace

bool IsFullKind(const RollingSpec& spec, int64_t num_rows) noexcept {
  if (spec.window > num_rows) return false;
  return spec.kind == RollingKind::kCount || SourceOf(spec.kind) != Source::kCount;
}

size_t FullScratchBytes(const RollingSpec& spec, int64_t num_rows) noexcept {
  if (!IsFullKind(spec, num_rows) || spec.window <= kDirectWindow) return 0;
  const auto suffixes = static_cast<size_t>(spec.window * LanesFor(spec, num_rows) * 2);
  return InverseBytes(spec.window) + suffixes * sizeof(double);
}

void RollFull(const BatchJob& job, int64_t from, int64_t to, std::byte* scratch) noexcept {
  const int64_t window = job.spec().window;
  auto* inverses = reinterpret_cast<double*>(scratch);
  if (window > kDirectWindow) {
    inverses[0] = 0;
    for (int64_t k = 1; k <= window; ++k) inverses[k] = 1 / static_cast<double>(k);
  }
  auto* suffixes = reinterpret_cast<double*>(scratch + InverseBytes(window));
  // Whole groups of blocks, so that only the last segment has blocks for less than all lanes.
  constexpr int64_t kLeastRows = 4096;
  const int64_t group = (window >= kSegmentWindow ? 32 : kMostLanes) * window;
  const int64_t segment = (kLeastRows + group - 1) / group * group;
  for (int64_t row = from; row < to; row += segment) {
    const FullRun run{.x = job.column.values + (row - job.column.origin),
                      .rows = std::min(segment, to - row),
                      .window = window,
                      .out = nullptr,
                      .suffixes = suffixes,
                      .inverses = inverses};
    RunSegment(job, run, row - job.first_row);
  }
  for (uint32_t i : job.members) {
    if (job.outs[i].validity == nullptr) continue;
    SetBits(job.outs[i].validity, from - job.first_row, to - job.first_row, Exists(job.specs[i]));
  }
}

}  // namespace headrace::kernels::rolling

#endif  // HWY_ONCE
