// The statistics of full_blocks-inl.h and their direct forms for short windows. Compiled once per
// Highway target.

#if defined(HEADRACE_ROLLING_FULL_STEPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEADRACE_ROLLING_FULL_STEPS_INL_H_
#undef HEADRACE_ROLLING_FULL_STEPS_INL_H_
#else
#define HEADRACE_ROLLING_FULL_STEPS_INL_H_
#endif

#include <cmath>
#include <cstdint>
#include <limits>

#include "hwy/highway.h"
#include "kernels/rolling/full_blocks-inl.h"
#include "kernels/rolling/rolling_states.h"

HWY_BEFORE_NAMESPACE();
namespace headrace::kernels::rolling {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Between vectors and one summary for each lane.
template <class D, class Get>
VecOf<D> FromLanes(D d, const Get& get) {
  HWY_ALIGN double lanes[hn::MaxLanes(D())];
  for (size_t l = 0; l < hn::MaxLanes(D()); ++l) lanes[l] = get(l);
  return hn::Load(d, lanes);
}
template <class D, class Put>
void ToLanes(D d, VecOf<D> v, const Put& put) {
  HWY_ALIGN double lanes[hn::MaxLanes(D())];
  hn::Store(v, d, lanes);
  for (size_t l = 0; l < hn::MaxLanes(D()); ++l) put(l, lanes[l]);
}

// What a window's length makes of its summary.
struct SumScale {
  double window;
  double inverse;  // 1 / window
  bool mean;       // the mean, else the sum
};
struct SpreadScale {
  double inverse;  // 1 / (window - ddof)
  bool root;       // the standard deviation, else the variance
};

// high + low or its window'th part. Where high is not finite low is NaN by inf - inf, and high is
// the result.
template <class D, class V>
HWY_INLINE V FinishSum(D d, const SumScale& scale, V high, V low) {
  const auto finite = hn::Lt(hn::Abs(high), hn::Set(d, std::numeric_limits<double>::infinity()));
  if (!scale.mean) return hn::IfThenElse(finite, hn::Add(high, low), high);
  const V inverse = hn::Set(d, scale.inverse);
  const V quotient = hn::Mul(high, inverse);
  const V rest = hn::Add(hn::NegMulAdd(quotient, hn::Set(d, scale.window), high), low);
  return hn::IfThenElse(finite, hn::MulAdd(rest, inverse, quotient), quotient);
}

template <class D, class V>
HWY_INLINE V FinishSpread(D d, const SpreadScale& scale, V m2) {
  const V variance = hn::Mul(m2, hn::Set(d, scale.inverse));
  return scale.root ? hn::Sqrt(variance) : variance;
}

template <class V>
HWY_INLINE void AddExactly(V& high, V& low, V x) {
  const V sum = hn::Add(high, x);
  const V part = hn::Sub(sum, high);
  low = hn::Add(low, hn::Add(hn::Sub(high, hn::Sub(sum, part)), hn::Sub(x, part)));
  high = sum;
}

// Sums as double-doubles.
template <class D>
class SumStep {
 public:
  using V = VecOf<D>;
  static constexpr int64_t kVectors = 2;
  static constexpr bool kTakesNan = true;
  static constexpr int64_t kLanes = hn::MaxLanes(D());

  SumStep(D d, const SumScale& scale) : d_(d), scale_(scale) {}

  HWY_INLINE void StartSuffix(V, double* empty) {
    high_ = low_ = hn::Zero(d_);
    hn::Store(high_, d_, empty);
    hn::Store(low_, d_, empty + kLanes);
  }
  HWY_INLINE void Before(V x, int64_t) { AddExactly(high_, low_, x); }
  HWY_INLINE void Keep(int64_t, double* suffix) {
    hn::Store(high_, d_, suffix);
    hn::Store(low_, d_, suffix + kLanes);
  }
  HWY_INLINE void StartPrefix(V, V) { high_ = low_ = hn::Zero(d_); }
  void StartPrefix(V, V, const BasicState* middles) {
    high_ = FromLanes(d_, [&](size_t l) { return middles[l].sum_high; });
    low_ = FromLanes(d_, [&](size_t l) { return middles[l].sum_low; });
  }
  HWY_INLINE V At(V x, int64_t, const double* suffix) {
    AddExactly(high_, low_, x);
    V high = high_, low = hn::Add(low_, hn::Load(d_, suffix + kLanes));
    AddExactly(high, low, hn::Load(d_, suffix));
    return FinishSum(d_, scale_, high, low);
  }
  void Totals(int64_t n, BasicState* totals) const {
    ToLanes(d_, high_, [&](size_t l, double v) { totals[l] = {.n = double(n), .sum_high = v}; });
    ToLanes(d_, low_, [&](size_t l, double v) { totals[l].sum_low = v; });
  }
  double Finish(const BasicState& s) const { return scale_.mean ? s.Mean() : s.Sum(); }

 private:
  D d_;
  SumScale scale_;
  V high_ = hn::Zero(D()), low_ = hn::Zero(D());
};

// Spread, by differences to the block's first value, which every window of the block holds. In a
// run of n differences with sum S the next one adds (n·d - S)² / (n(n-1)) to m2 (Youngs and Cramer
// 1971); runs merge as m2a + m2b + (mean_a - mean_b)² · na·nb/n (Chan, Golub and LeVeque 1979). All
// terms are squares.
template <class D>
class SpreadStep {
 public:
  using V = VecOf<D>;
  static constexpr int64_t kVectors = 2;
  static constexpr bool kTakesNan = true;
  static constexpr int64_t kLanes = hn::MaxLanes(D());

  // inverses[k] is 1 / k for k = 1 … window, and inverses[0] is 0.
  SpreadStep(D d, const SpreadScale& scale, int64_t window, const double* inverses)
      : d_(d), scale_(scale), window_(window), inverses_(inverses) {}

  HWY_INLINE void StartSuffix(V ref, double* empty) {
    ref_ = Finite(ref);
    sum_ = m2_ = hn::Zero(d_);
    hn::Store(sum_, d_, empty);
    hn::Store(m2_, d_, empty + kLanes);
  }
  HWY_INLINE void Before(V x, int64_t m) { Add(x, m); }
  HWY_INLINE void Keep(int64_t m, double* suffix) {
    hn::Store(hn::Mul(sum_, hn::Set(d_, inverses_[m])), d_, suffix);
    hn::Store(m2_, d_, suffix + kLanes);
  }
  HWY_INLINE void StartPrefix(V suffix_ref, V ref) {
    ref_ = Finite(ref);
    shift_ = hn::Sub(Finite(suffix_ref), ref_);
    sum_ = m2_ = hn::Zero(d_);
    before_ = 0;
  }
  void StartPrefix(V suffix_ref, V ref, const BasicState* middles) {
    StartPrefix(suffix_ref, ref);
    before_ = static_cast<int64_t>(middles[0].n);
    HWY_ALIGN double refs[kLanes];
    hn::Store(ref_, d_, refs);
    sum_ = FromLanes(d_, [&](size_t l) {
      return (middles[l].mean + (middles[l].ref - refs[l])) * middles[l].n;
    });
    m2_ = FromLanes(d_, [&](size_t l) { return middles[l].m2; });
  }
  HWY_INLINE V At(V x, int64_t j, const double* suffix) {
    const int64_t n = before_ + j + 1;
    Add(x, n);
    const V mean = hn::Mul(sum_, hn::Set(d_, inverses_[n]));
    const V delta = hn::Sub(mean, hn::Add(hn::Load(d_, suffix), shift_));
    const double weight =
        static_cast<double>(n) * static_cast<double>(window_ - n) * inverses_[window_];
    const V m2 = hn::Add(m2_, hn::Load(d_, suffix + kLanes));
    return FinishSpread(d_, scale_, hn::MulAdd(hn::Mul(delta, delta), hn::Set(d_, weight), m2));
  }
  void Totals(int64_t n, BasicState* totals) const {
    const double inverse = inverses_[n];
    ToLanes(d_, sum_,
            [&](size_t l, double v) { totals[l] = {.n = double(n), .mean = v * inverse}; });
    ToLanes(d_, ref_, [&](size_t l, double v) { totals[l].ref = v; });
    ToLanes(d_, m2_, [&](size_t l, double v) { totals[l].m2 = v; });
  }
  double Finish(const BasicState& s) const {
    const double variance = s.m2 * scale_.inverse;
    return scale_.root ? std::sqrt(variance) : variance;
  }

 private:
  HWY_INLINE V Finite(V x) const {
    const auto infinity = hn::Set(d_, std::numeric_limits<double>::infinity());
    return hn::IfThenElseZero(hn::Lt(hn::Abs(x), infinity), x);
  }
  // The n'th value of a run.
  HWY_INLINE void Add(V x, int64_t n) {
    const V difference = hn::Sub(x, ref_);
    sum_ = hn::Add(sum_, difference);
    const V t = hn::MulSub(hn::Set(d_, static_cast<double>(n)), difference, sum_);
    const V share = hn::Set(d_, inverses_[n] * inverses_[n - 1]);
    m2_ = hn::MulAdd(hn::Mul(t, t), share, m2_);
  }

  D d_;
  SpreadScale scale_;
  int64_t window_;
  const double* inverses_;
  int64_t before_ = 0;  // values that the prefix had before its first row
  V ref_ = hn::Zero(D()), sum_ = hn::Zero(D()), m2_ = hn::Zero(D());
  V shift_ = hn::Zero(D());  // from ref_ to the reference of the suffixes
};

enum class Extreme { kMin, kMax };

// The lesser (greater) of two; NaN if either is, where kNan says that there may be any.
template <Extreme kWhich, bool kNan, class V>
HWY_INLINE V Further(V a, V b) {
  const V extreme = kWhich == Extreme::kMin ? hn::Min(a, b) : hn::Max(a, b);
  if constexpr (!kNan) return extreme;
  return hn::IfThenElse(hn::IsNaN(a), a, hn::IfThenElse(hn::IsNaN(b), b, extreme));
}

template <Extreme kWhich>
inline constexpr double kNoExtreme =
    kWhich == Extreme::kMin ? std::numeric_limits<double>::infinity()
                            : -std::numeric_limits<double>::infinity();

// Minimum or maximum (van Herk 1992, Gil and Werman 1993).
template <class D, Extreme kWhich, bool kNan>
class ExtremeStep {
 public:
  using V = VecOf<D>;
  static constexpr int64_t kVectors = 1;
  static constexpr bool kTakesNan = kNan;

  explicit ExtremeStep(D d) : d_(d) {}

  HWY_INLINE void StartSuffix(V, double* empty) {
    best_ = hn::Set(d_, kNoExtreme<kWhich>);
    hn::Store(best_, d_, empty);
  }
  HWY_INLINE void Before(V x, int64_t) { best_ = Further<kWhich, kNan>(best_, x); }
  HWY_INLINE void Keep(int64_t, double* suffix) { hn::Store(best_, d_, suffix); }
  HWY_INLINE void StartPrefix(V, V) { best_ = hn::Set(d_, kNoExtreme<kWhich>); }
  void StartPrefix(V, V, const BasicState* middles) {
    best_ = FromLanes(d_, [&](size_t l) { return Finish(middles[l]); });
  }
  HWY_INLINE V At(V x, int64_t, const double* suffix) {
    best_ = Further<kWhich, kNan>(best_, x);
    return Further<kWhich, kNan>(best_, hn::Load(d_, suffix));
  }
  void Totals(int64_t n, BasicState* totals) const {
    ToLanes(d_, best_, [&](size_t l, double v) {
      totals[l] = {.n = double(n)};
      (kWhich == Extreme::kMin ? totals[l].min : totals[l].max) = v;
    });
  }
  double Finish(const BasicState& s) const { return kWhich == Extreme::kMin ? s.min : s.max; }

 private:
  D d_;
  V best_ = hn::Zero(D());
};

// Short windows, looked at value by value: one row in each lane, x points at the rows' own values.
template <class D>
HWY_INLINE VecOf<D> DirectSum(D d, const SumScale& scale, const double* x, int64_t window) {
  auto high = hn::LoadU(d, x);
  auto low = hn::Zero(d);
  for (int64_t k = 1; k < window; ++k) AddExactly(high, low, hn::LoadU(d, x - k));
  return FinishSum(d, scale, high, low);
}

// Mean first, then the deviations from it.
template <class D>
HWY_INLINE VecOf<D> DirectSpread(D d, const SpreadScale& scale, const double* x, int64_t window) {
  const auto ref = hn::LoadU(d, x);
  auto sum = hn::Sub(ref, ref);  // 0; NaN where there is no spread
  for (int64_t k = 1; k < window; ++k) sum = hn::Add(sum, hn::Sub(hn::LoadU(d, x - k), ref));
  const auto mean = hn::Mul(sum, hn::Set(d, 1.0 / static_cast<double>(window)));
  auto m2 = hn::Mul(mean, mean);
  for (int64_t k = 1; k < window; ++k) {
    const auto deviation = hn::Sub(hn::Sub(hn::LoadU(d, x - k), ref), mean);
    m2 = hn::MulAdd(deviation, deviation, m2);
  }
  return FinishSpread(d, scale, m2);
}

template <Extreme kWhich, bool kNan, class D>
HWY_INLINE VecOf<D> DirectExtreme(D d, const double* x, int64_t window) {
  auto best = hn::LoadU(d, x);
  for (int64_t k = 1; k < window; ++k) best = Further<kWhich, kNan>(best, hn::LoadU(d, x - k));
  return best;
}

}  // namespace HWY_NAMESPACE
}  // namespace headrace::kernels::rolling
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
