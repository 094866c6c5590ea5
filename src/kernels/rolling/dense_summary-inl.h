// Summaries of up to a chunk of values that lie side by side. Compiled once per Highway target.

#if defined(HEADRACE_ROLLING_DENSE_SUMMARY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEADRACE_ROLLING_DENSE_SUMMARY_INL_H_
#undef HEADRACE_ROLLING_DENSE_SUMMARY_INL_H_
#else
#define HEADRACE_ROLLING_DENSE_SUMMARY_INL_H_
#endif

#include <cmath>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/rolling/rolling_states.h"

HWY_BEFORE_NAMESPACE();
namespace headrace::kernels::rolling {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DoubleTag = hn::ScalableTag<double>;
using Doubles = hn::Vec<DoubleTag>;
using DoublesMask = hn::Mask<DoubleTag>;

// A vector whose first `count` lanes are loaded and whose others are 0. Reads nothing beyond them.
HWY_INLINE Doubles LoadFirst(DoubleTag d, DoublesMask mask, const double* from, int64_t count) {
#if HWY_TARGET <= HWY_AVX2
  return hn::MaskedLoad(mask, d, from);
#else
  HWY_ALIGN double lanes[HWY_MAX_BYTES / sizeof(double)] = {};
  for (int64_t i = 0; i < count; ++i) lanes[i] = from[i];
  return hn::Load(d, lanes);
#endif
}

// Calls step(swap) for each level of a tree over the lanes; swap(v) brings the other half to each
// lane.
template <class Step>
HWY_INLINE void ForEachHalving(DoubleTag d, const Step& step) {
#if HWY_TARGET != HWY_SCALAR
#if HWY_MAX_BYTES >= 64
  step([d](Doubles v) { return hn::ConcatLowerUpper(d, v, v); });
#endif
#if HWY_MAX_BYTES >= 32
  step([](Doubles v) { return hn::SwapAdjacentBlocks(v); });
#endif
  step([](Doubles v) { return hn::Shuffle01(v); });
#endif
}

HWY_INLINE double SumLanes(DoubleTag d, Doubles v) {
  ForEachHalving(d, [&](auto swap) { v = hn::Add(v, swap(v)); });
  return hn::GetLane(v);
}

HWY_INLINE void AddTwoSum(Doubles& high, Doubles& low, Doubles x) {
  const Doubles sum = hn::Add(high, x);
  const Doubles part = hn::Sub(sum, high);
  low = hn::Add(low, hn::Add(hn::Sub(high, hn::Sub(sum, part)), hn::Sub(x, part)));
  high = sum;
}

struct Ranges {
  Doubles min, max;
};

// The NaN-aware range, for the few windows whose sum is not finite.
HWY_NOINLINE void StickyRange(const double* x, int64_t n, BasicState& s) {
  for (int64_t i = 0; i < n; ++i) {
    s.min = StickyMin(s.min, x[i]);
    s.max = StickyMax(s.max, x[i]);
  }
}

// Mean first, then the deviations from it: two passes, so nothing cancels. Requires: n >= 1.
HWY_INLINE BasicState SummariseBasic(const double* x, int64_t n) {
  const DoubleTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto ref = hn::Set(d, x[0]);
  const auto infinity = hn::Set(d, std::numeric_limits<double>::infinity());
  Doubles high = hn::Zero(d), low = hn::Zero(d), sum = hn::Zero(d);
  Doubles min = infinity, max = hn::Neg(infinity);
  const auto take = [&](Doubles v, Doubles difference, Doubles for_min, Doubles for_max) HWY_ATTR {
    AddTwoSum(high, low, v);
    sum = hn::Add(sum, difference);
    min = hn::Min(min, for_min);
    max = hn::Max(max, for_max);
  };
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    take(v, hn::Sub(v, ref), v, v);
  }
  const int64_t whole = i;
  const DoublesMask mask = hn::FirstN(d, static_cast<size_t>(n - whole));
  Doubles rest = hn::Zero(d);
  if (whole < n) {
    const auto v = LoadFirst(d, mask, x + whole, n - whole);
    rest = hn::IfThenElseZero(mask, hn::Sub(v, ref));
    take(v, rest, hn::IfThenElse(mask, v, infinity), hn::IfThenElse(mask, v, hn::Neg(infinity)));
  }
  BasicState s;
  s.n = static_cast<double>(n);
  s.ref = x[0];
  s.mean = SumLanes(d, sum) / s.n;
  const auto mean = hn::Set(d, s.mean);
  Doubles squares = hn::Zero(d);
  for (i = 0; i < whole; i += lanes) {
    const auto deviation = hn::Sub(hn::Sub(hn::LoadU(d, x + i), ref), mean);
    squares = hn::MulAdd(deviation, deviation, squares);
  }
  const auto deviation = hn::IfThenElseZero(mask, hn::Sub(rest, mean));
  s.m2 = SumLanes(d, hn::MulAdd(deviation, deviation, squares));
  ForEachHalving(d, [&](auto swap) HWY_ATTR {
    const auto other_low = swap(low);
    AddTwoSum(high, low, swap(high));
    low = hn::Add(low, other_low);
    min = hn::Min(min, swap(min));
    max = hn::Max(max, swap(max));
  });
  s.sum_high = hn::GetLane(high);
  s.sum_low = hn::GetLane(low);
  if (HWY_LIKELY(std::isfinite(s.mean))) {
    s.min = hn::GetLane(min);
    s.max = hn::GetLane(max);
  } else {
    StickyRange(x, n, s);
  }
  return s;
}

// Requires: n >= 1.
HWY_INLINE ShapeState SummariseShape(const double* x, int64_t n) {
  ShapeState s;
  s.n = static_cast<double>(n);
  s.ref = x[0];
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i] - s.ref;
  s.mean = sum / s.n;
  for (int64_t i = 0; i < n; ++i) {
    const double deviation = (x[i] - s.ref) - s.mean;
    const double square = deviation * deviation;
    s.m2 += square;
    s.m3 += square * deviation;
    s.m4 += square * square;
  }
  return s;
}

}  // namespace HWY_NAMESPACE
}  // namespace headrace::kernels::rolling
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
