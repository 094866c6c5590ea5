// Full windows from suffixes and prefixes of blocks, several blocks at a time, one in each SIMD
// lane. Compiled once per Highway target.
//
// Blocks of w rows start at s, s + w, s + 2w, …; lane l has the block from s + l·w. The window that
// ends j rows into a block is the last w-1-j values before the block and the first j+1 of it:
//
//     lane 0   ┄┄┄┄[─suffix─│─prefix─]┄┄┄┄│
//     lane 1                    ┄┄┄┄[─suffix─│─prefix─]┄┄┄┄│          all lanes have the same j,
//     lane 2                                     ┄┄┄┄[─suffix─│─prefix─]     so the same counts
//
// Tiles of lanes × lanes values are loaded along the rows and turned in registers, and so are the
// results.

#if defined(HEADRACE_ROLLING_FULL_BLOCKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEADRACE_ROLLING_FULL_BLOCKS_INL_H_
#undef HEADRACE_ROLLING_FULL_BLOCKS_INL_H_
#else
#define HEADRACE_ROLLING_FULL_BLOCKS_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace headrace::kernels::rolling {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
using VecOf = hn::Vec<D>;

#if HWY_TARGET != HWY_SCALAR
template <class D, class V>
HWY_INLINE void Turn2(D d, V& a, V& b) {
  const V upper = hn::InterleaveUpper(d, a, b);
  a = hn::InterleaveLower(d, a, b);
  b = upper;
}
#endif

// t[i][k] becomes t[k][i].
template <class D, class V>
HWY_INLINE void Turn(D d, V* HWY_RESTRICT t) {
#if HWY_TARGET != HWY_SCALAR
  constexpr size_t kLanes = hn::MaxLanes(D());
  if constexpr (kLanes == 2) {
    Turn2(d, t[0], t[1]);
  }
#if HWY_MAX_BYTES >= 32
  if constexpr (kLanes == 4) {
    Turn2(d, t[0], t[1]);
    Turn2(d, t[2], t[3]);
    const V t0 = t[0], t1 = t[1];
    t[0] = hn::ConcatLowerLower(d, t[2], t0);
    t[1] = hn::ConcatLowerLower(d, t[3], t1);
    t[2] = hn::ConcatUpperUpper(d, t[2], t0);
    t[3] = hn::ConcatUpperUpper(d, t[3], t1);
  }
#endif
#if HWY_MAX_BYTES >= 64
  if constexpr (kLanes == 8) {
    for (int i = 0; i < 8; i += 2) Turn2(d, t[i], t[i + 1]);
    // t[i], t[i+2], t[i+4], t[i+6] (i = 0, 1) are now a 4 × 4 of 128-bit blocks, to be turned as a
    // whole.
    for (int i = 0; i < 2; ++i) {
      const V a = t[i], b = t[i + 2], e = t[i + 4], f = t[i + 6];
      const V ab_even = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(b), a);
      const V ab_odd = hn::OddEvenBlocks(b, hn::SwapAdjacentBlocks(a));
      const V ef_even = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(f), e);
      const V ef_odd = hn::OddEvenBlocks(f, hn::SwapAdjacentBlocks(e));
      t[i] = hn::ConcatLowerLower(d, ef_even, ab_even);
      t[i + 2] = hn::ConcatLowerLower(d, ef_odd, ab_odd);
      t[i + 4] = hn::ConcatUpperUpper(d, ef_even, ab_even);
      t[i + 6] = hn::ConcatUpperUpper(d, ef_odd, ab_odd);
    }
  }
#endif
#endif
}

// Lane l: from[l * stride].
template <class D>
HWY_INLINE VecOf<D> LoadStrided(D d, const double* from, int64_t stride) {
  constexpr size_t kLanes = hn::MaxLanes(D());
  if constexpr (kLanes == 1) {
    return hn::LoadU(d, from);
  } else {
    HWY_ALIGN double lanes[kLanes];
    for (size_t l = 0; l < kLanes; ++l) lanes[l] = from[static_cast<int64_t>(l) * stride];
    return hn::Load(d, lanes);
  }
}

template <class D>
HWY_INLINE void StoreStrided(D d, VecOf<D> v, double* to, int64_t stride) {
  constexpr size_t kLanes = hn::MaxLanes(D());
  HWY_ALIGN double lanes[kLanes];
  hn::Store(v, d, lanes);
  for (size_t l = 0; l < kLanes; ++l) to[static_cast<int64_t>(l) * stride] = lanes[l];
}

template <class D>
HWY_INLINE void LoadTile(D d, const double* from, int64_t stride, VecOf<D>* tile) {
  constexpr size_t kLanes = hn::MaxLanes(D());
  for (size_t l = 0; l < kLanes; ++l)
    tile[l] = hn::LoadU(d, from + static_cast<int64_t>(l) * stride);
  Turn(d, tile);
}

template <class D>
HWY_INLINE void StoreTile(D d, VecOf<D>* tile, double* to, int64_t stride) {
  constexpr size_t kLanes = hn::MaxLanes(D());
  Turn(d, tile);
  for (size_t l = 0; l < kLanes; ++l) hn::StoreU(tile[l], d, to + static_cast<int64_t>(l) * stride);
}

// Eight short streams in and eight out are more than the hardware follows by itself: asks for the
// tile that comes a group of blocks later, or kPrefetchRows if groups are short. Reading past the
// end is harmless.
HWY_INLINE void PrefetchTile(int64_t lanes, const double* x, const double* out, int64_t stride) {
  constexpr int64_t kPrefetchRows = 1024;
  const int64_t ahead = std::max(lanes * stride, kPrefetchRows);
  for (int64_t l = 0; l < lanes; ++l) {
    __builtin_prefetch(x + ahead + l * stride, 0, 2);
    __builtin_prefetch(out + ahead + l * stride, 1, 2);
  }
}

// A `Step` is a statistic; all its lanes have the same counts:
//   StartSuffix(ref, empty)      no values yet; ref is a value that every suffix is merged with or
//   has Before(v, m)                 the value m rows before the suffixes' end Keep(m, suffix)
//   stores the suffix of m values, kVectors vectors StartPrefix(suffix_ref, ref) no values yet; ref
//   is a value of every window of the lane StartPrefix(…, middles)      what lies between the
//   suffixes and the first row At(v, j, suffix)             the value in row j; returns the result
//   with the stored suffix Totals(n, totals)            what the n values so far come to, for each
//   lane Finish(state)                the result of one window

// Suffixes of 0 … length - 1 values that end before `end`, and before end + length in the next
// lane, …
template <class D, class Step>
HWY_INLINE void RollSuffixes(D d, Step& shared, VecOf<D> ref, const double* end, int64_t length,
                             double* HWY_RESTRICT suffixes) {
  constexpr auto kLanes = static_cast<int64_t>(hn::MaxLanes(D()));
  constexpr int64_t kSuffix = kLanes * Step::kVectors;
  VecOf<D> tile[kLanes];
  Step step = shared;  // of its own, to be kept in registers
  step.StartSuffix(ref, suffixes);
  int64_t m = 1;
  for (; m + kLanes <= length; m += kLanes) {
    LoadTile(d, end - (m + kLanes - 1), length, tile);
#pragma GCC unroll 8
    for (int64_t k = 0; k < kLanes; ++k) {
      step.Before(tile[kLanes - 1 - k], m + k);
      step.Keep(m + k, suffixes + (m + k) * kSuffix);
    }
  }
  for (; m < length; ++m) {
    step.Before(LoadStrided(d, end - m, length), m);
    step.Keep(m, suffixes + m * kSuffix);
  }
  shared = step;
}

// Results of rows x[0] … x[rows - 1], and so on `length` further in each lane.
template <class D, class Step>
HWY_INLINE void RollPrefixes(D d, Step& shared, const double* x, int64_t length, int64_t rows,
                             double* out, const double* HWY_RESTRICT suffixes) {
  constexpr auto kLanes = static_cast<int64_t>(hn::MaxLanes(D()));
  constexpr int64_t kSuffix = kLanes * Step::kVectors;
  VecOf<D> tile[kLanes];
  Step step = shared;  // of its own, to be kept in registers
  int64_t j = 0;
  for (; j + kLanes <= rows; j += kLanes) {
    PrefetchTile(kLanes, x + j, out + j, length);
    LoadTile(d, x + j, length, tile);
#pragma GCC unroll 8
    for (int64_t k = 0; k < kLanes; ++k) {
      tile[k] = step.At(tile[k], j + k, suffixes + (length - 1 - j - k) * kSuffix);
    }
    StoreTile(d, tile, out + j, length);
  }
  for (; j < rows; ++j) {
    const auto v = step.At(LoadStrided(d, x + j, length), j, suffixes + (length - 1 - j) * kSuffix);
    StoreStrided(d, v, out + j, length);
  }
}

// One block in each lane. `x` is the first value of lane 0's block; `rows` results of each block
// are written to `out`. `suffixes` has window * Step::kVectors vectors.
template <class D, class Step>
HWY_INLINE void RollBlockLanes(D d, Step& step, const double* x, int64_t window, int64_t rows,
                               double* out, double* HWY_RESTRICT suffixes) {
  const auto first = LoadStrided(d, x, window);
  RollSuffixes(d, step, first, x, window, suffixes);
  step.StartPrefix(first, first);
  RollPrefixes(d, step, x, window, rows, out, suffixes);
}

}  // namespace HWY_NAMESPACE
}  // namespace headrace::kernels::rolling
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
