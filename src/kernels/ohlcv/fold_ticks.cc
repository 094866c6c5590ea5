#include "kernels/ohlcv/fold_ticks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ohlcv/fold_ticks.cc"
#include <algorithm>

#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#ifndef HEADRACE_FOLD_TICKS_ONCE_H_
#define HEADRACE_FOLD_TICKS_ONCE_H_
namespace headrace::kernels {

// Times are looked through one vector after the other up to this many, then leapt through.
inline constexpr int64_t kLeap = 256;

// From runs of about this length on, the end is looked for around where it is expected, so that
// most times are never loaded. What will be looked at next is fetched meanwhile.
inline constexpr int64_t kExpectFrom = 48;

// Values of this many ticks are on their way while others are added: where pages end the machine
// does not fetch ahead by itself.
inline constexpr int64_t kAhead = 256;

// The same for a run that has an invalid tick, or few ticks: one after the other.
inline BarRow FoldEach(const double* price, const double* volume, int64_t size,
                       int64_t* invalid) noexcept {
  BarRow bar;
  for (int64_t i = 0; i < size; ++i) {
    if (!ValidTick(price[i], volume[i])) {
      ++*invalid;
      continue;
    }
    if (bar.count++ == 0) {
      bar.open = bar.high = bar.low = price[i];
    }
    if (price[i] > bar.high) bar.high = price[i];
    if (price[i] < bar.low) bar.low = price[i];
    bar.close = price[i];
    bar.volume.Add(volume[i]);
    bar.turnover.Add(price[i] * volume[i]);
  }
  return bar;
}

}  // namespace headrace::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace headrace::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;

// An ExactSum in each lane; the rests are gathered apart and come together at the end.
struct LaneSums {
  HWY_INLINE LaneSums() : sum(hn::Zero(D())), rest(hn::Zero(D())) {}

  HWY_INLINE void Add(V x) {
    const V next = hn::Add(sum, x);
    const V back = hn::Sub(next, sum);
    rest = hn::Add(rest, hn::Add(hn::Sub(sum, hn::Sub(next, back)), hn::Sub(x, back)));
    sum = next;
  }

  // Of all lanes: halves onto halves, so that additions of a level do not wait for each other.
  HWY_INLINE ExactSum Total() const { return TotalOf(D(), sum, rest); }

  template <class DX, class VX>
  static HWY_INLINE ExactSum TotalOf(DX d, VX sums, VX rests) {
#if HWY_TARGET != HWY_SCALAR  // which has no halves
    if constexpr (hn::MaxLanes(DX()) > 1) {
      const hn::Half<DX> half;
      const auto a = hn::LowerHalf(half, sums);
      const auto b = hn::UpperHalf(half, sums);
      const auto next = hn::Add(a, b);
      const auto back = hn::Sub(next, a);
      const auto lost = hn::Add(hn::Sub(a, hn::Sub(next, back)), hn::Sub(b, back));
      const auto both = hn::Add(hn::LowerHalf(half, rests), hn::UpperHalf(half, rests));
      return TotalOf(half, next, hn::Add(lost, both));
    }
#endif
    ExactSum total{hn::GetLane(sums), 0};
    total.Add(hn::GetLane(rests));
    return total;
  }

  V sum;
  V rest;
};

// One bar's run. Invalid ticks betray themselves by a turnover that is not finite, or by the least
// volume; only then it is done again, one tick after the other.
HWY_INLINE BarRow FoldRun(const double* price, const double* volume, int64_t size,
                          int64_t* invalid) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  if (size < 2 * lanes) return FoldEach(price, volume, size, invalid);
  LaneSums volumes;
  LaneSums turnover;
  V high = hn::LoadU(d, price);
  V low = high;
  V least = hn::LoadU(d, volume);
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    hwy::Prefetch(price + i + kAhead);
    hwy::Prefetch(volume + i + kAhead);
    const V p = hn::LoadU(d, price + i);
    const V v = hn::LoadU(d, volume + i);
    high = hn::Max(high, p);
    low = hn::Min(low, p);
    least = hn::Min(least, v);
    volumes.Add(v);
    turnover.Add(hn::Mul(p, v));
  }
  if (i < size) {
    // The last vector overlaps the one before: extremes do not mind, sums take each tick once.
    const auto before = hn::FirstN(d, static_cast<size_t>(i + lanes - size));
    const V p = hn::LoadU(d, price + size - lanes);
    const V all = hn::LoadU(d, volume + size - lanes);
    const V v = hn::IfThenZeroElse(before, all);
    high = hn::Max(high, p);
    low = hn::Min(low, p);
    least = hn::Min(least, all);
    volumes.Add(v);
    turnover.Add(hn::Mul(p, v));
  }
  BarRow bar{.open = price[0],
             .high = hn::GetLane(hn::MaxOfLanes(d, high)),
             .low = hn::GetLane(hn::MinOfLanes(d, low)),
             .close = price[size - 1],
             .volume = volumes.Total(),
             .turnover = turnover.Total(),
             .count = size};
  const bool finite = bar.turnover.value - bar.turnover.value == 0;
  if (!finite || !(hn::GetLane(hn::MinOfLanes(d, least)) >= 0)) {
    return FoldEach(price, volume, size, invalid);
  }
  return bar;
}

int64_t CountInOrder(const int64_t* times, int64_t size, int64_t bound) {
  const hn::ScalableTag<int64_t> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto limit = hn::Set(d, bound);
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    const auto below = hn::Lt(hn::LoadU(d, times + i), limit);
    if (!hn::AllTrue(d, below)) return i + static_cast<int64_t>(hn::CountTrue(d, below));
  }
  while (i < size && times[i] < bound) ++i;
  return i;
}

HWY_INLINE int64_t CountFrom(const int64_t* times, int64_t size, int64_t bound) {
  const int64_t near = CountInOrder(times, std::min(size, kLeap), bound);
  if (near < kLeap || near == size) return near;
  int64_t known = near;  // all before are below
  int64_t step = kLeap;
  while (known + step < size && times[known + step] < bound) {
    known += step + 1;
    step *= 2;
  }
  const int64_t rest = std::min(step, size - known);
  return std::lower_bound(times + known, times + known + rest, bound) - times;
}

// The same where about `expected` are below.
HWY_INLINE int64_t CountAround(const int64_t* times, int64_t size, int64_t bound,
                               int64_t expected) {
  if (expected < kExpectFrom || expected >= size) return CountFrom(times, size, bound);
  for (int64_t near = -16; near <= 16; near += 8) hwy::Prefetch(times + 2 * expected + near);
  if (times[expected] < bound) {
    return expected + CountFrom(times + expected, size - expected, bound);
  }
  int64_t begin = expected;
  int64_t step = 8;
  while (begin > 0 && times[begin] >= bound) {
    begin = begin > step ? begin - step : 0;
    step *= 2;
  }
  return begin + CountInOrder(times + begin, size - begin, bound);
}

FoldedTicks Fold(const TickColumns& ticks, const TimeGrid& grid, const BarColumns& bars,
                 int64_t capacity) {
  FoldedTicks done;
  TimeSpan span;
  int64_t expected = 0;
  while (done.ticks < ticks.size && done.bars < capacity) {
    const int64_t time = ticks.time[done.ticks];
    if (time >= grid.end) break;
    // The next bar is the usual case; only a gap takes a division.
    if (done.bars > 0 && time >= span.end && time - span.end < grid.every) {
      span = {span.end, std::min(span.end + grid.every, grid.end)};
    } else {
      span = SpanAt(grid, time);
    }
    const int64_t at = done.ticks;
    const int64_t run = CountAround(ticks.time + at, ticks.size - at, span.end, expected);
    expected = (3 * expected + run) / 4;
    BarRow bar = FoldRun(ticks.price + at, ticks.volume + at, run, &done.invalid);
    done.ticks += run;
    if (bar.count == 0) continue;
    bar.start = span.start;
    bar.end = span.end;
    bar.SetVwap();
    bars.Store(done.bars++, bar);
  }
  return done;
}

bool Ascending(const int64_t* times, int64_t size) {
  const hn::ScalableTag<int64_t> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 1;
  for (; i + lanes <= size; i += lanes) {
    if (!hn::AllFalse(d, hn::Lt(hn::LoadU(d, times + i), hn::LoadU(d, times + i - 1)))) {
      return false;
    }
  }
  for (; i < size; ++i) {
    if (times[i] < times[i - 1]) return false;
  }
  return true;
}

const char* FoldTargetName() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace headrace::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace headrace::kernels {

HWY_EXPORT(Fold);
HWY_EXPORT(CountFrom);
HWY_EXPORT(Ascending);
HWY_EXPORT(FoldTargetName);

FoldedTicks FoldTicks(const TickColumns& ticks, const TimeGrid& grid, const BarColumns& bars,
                      int64_t capacity) noexcept {
  return HWY_DYNAMIC_DISPATCH(Fold)(ticks, grid, bars, capacity);
}

int64_t CountBelow(const int64_t* times, int64_t size, int64_t bound) noexcept {
  return HWY_DYNAMIC_DISPATCH(CountFrom)(times, size, bound);
}

bool IsAscending(const int64_t* times, int64_t size) noexcept {
  return HWY_DYNAMIC_DISPATCH(Ascending)(times, size);
}

const char* FoldTicksTargetName() noexcept { return HWY_DYNAMIC_DISPATCH(FoldTargetName)(); }

FoldedTicks FoldBars(const BarColumns& finer, int64_t size, const TimeGrid& grid,
                     const BarColumns& bars, int64_t capacity) noexcept {
  FoldedTicks done;
  while (done.ticks < size && done.bars < capacity && finer.start[done.ticks] < grid.end) {
    BarRow bar = finer.Load(done.ticks++);
    const TimeSpan span = SpanAt(grid, bar.start);
    for (; done.ticks < size && finer.start[done.ticks] < span.end; ++done.ticks) {
      bar.Merge(finer.Load(done.ticks));
    }
    bar.start = span.start;
    bar.end = span.end;
    bars.Store(done.bars++, bar);
  }
  return done;
}

}  // namespace headrace::kernels
#endif
