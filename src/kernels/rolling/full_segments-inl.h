// Full windows of long blocks: one block at a time, a part of it in each SIMD lane, so that what is
// worked on stays in the cache. Compiled once per Highway target.
//
// A block of w rows is cut into one segment for each lane and a rest of fewer rows than lanes. The
// window that ends in segment l of a block starts in segment l of the block before:
//
//          ┄│  0  │  1  │  2  │  3  │r│  0  │  1  │  2  │  3  │r│┄        l = 1
//                    [──┼─────┼─────┼─┼─────┼──]
//                 suffix│      middle       │prefix
//
// The middle is the same for all windows of a segment and has the same number of rows in all lanes,
// so the prefix just starts with it. It is merged from the totals of segments, which the suffixes
// come to.

#if defined(HEADRACE_ROLLING_FULL_SEGMENTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEADRACE_ROLLING_FULL_SEGMENTS_INL_H_
#undef HEADRACE_ROLLING_FULL_SEGMENTS_INL_H_
#else
#define HEADRACE_ROLLING_FULL_SEGMENTS_INL_H_
#endif

#include <cstdint>
#include <utility>

#include "hwy/highway.h"
#include "kernels/rolling/full_blocks-inl.h"
#include "kernels/rolling/rolling_states.h"

HWY_BEFORE_NAMESPACE();
namespace headrace::kernels::rolling {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Whether any of the values is NaN, or infinity, for which that is the price.
inline bool MayHaveNan(const double* x, int64_t count) {
  const hn::ScalableTag<double> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  // x - x is 0 or NaN, and a sum keeps NaN.
  auto odd = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    odd = hn::Add(odd, hn::Sub(v, v));
  }
  double rest = 0;
  for (; i < count; ++i) rest += x[i] - x[i];
  return rest != 0 || rest != rest || !hn::AllTrue(d, hn::Eq(odd, hn::Zero(d)));
}

template <class D, class Step>
class SegmentRoller {
 public:
  static constexpr auto kLanes = static_cast<int64_t>(hn::MaxLanes(D()));

  // `suffixes` has 2 * window * Step::kVectors doubles. Requires: window >= kLanes.
  SegmentRoller(D d, Step& step, int64_t window, double* suffixes)
      : d_(d),
        step_(step),
        window_(window),
        length_(window / kLanes),
        old_{.suffixes = suffixes},
        now_{.suffixes = suffixes + length_ * kLanes * Step::kVectors} {}

  // Rows x[0] … x[rows - 1], a whole number of blocks. x[-(window - 1)] can be read, and nothing
  // before it. Returns the rows done: all of them, or, if the step takes no NaN, those before a
  // block that may have one.
  int64_t Roll(const double* x, int64_t rows, double* out) {
    if (Refuses(x - window_ + 1, window_ - 1)) return 0;
    Scan(old_, x - window_, true);
    for (int64_t row = 0; row < rows; row += window_) {
      if (Refuses(x + row, window_)) return row;
      Scan(now_, x + row, false);
      RollBlock(x + row, out + row);
      std::swap(old_, now_);
    }
    return rows;
  }

 private:
  static bool Refuses(const double* x, int64_t count) {
    if constexpr (Step::kTakesNan) return false;
    return MayHaveNan(x, count);
  }

  // What is known of a block.
  struct Block {
    double* suffixes;
    BasicState totals[kLanes];  // of its segments
    hn::Vec<D> refs;            // the segments' last values, to which the suffixes refer
  };

  // The very first value of the first block belongs to no window, and may not be there.
  void Scan(Block& block, const double* x, bool skip_first) {
    block.refs = LoadStrided(d_, x + length_ - 1, length_);
    RollSuffixes(d_, step_, block.refs, x + length_, length_, block.suffixes);
    HWY_ALIGN double firsts[kLanes];
    for (int64_t l = 0; l < kLanes; ++l) {
      firsts[l] = l == 0 && skip_first ? x[1] : x[l * length_];
    }
    step_.Before(hn::Load(d_, firsts), length_);
    step_.Totals(length_, block.totals);
  }

  HWY_NOINLINE void FindMiddles(const double* x, BasicState* middles) const {
    middles[kLanes - 1] = BasicState{};
    for (const double* rest = x - window_ + length_ * kLanes; rest < x; ++rest) {
      middles[kLanes - 1].Append(*rest);
    }
    for (int64_t l = kLanes - 1; l > 0; --l) {
      middles[l - 1] = BasicState::Merge(old_.totals[l], middles[l]);
    }
    BasicState before = now_.totals[0];
    for (int64_t l = 1; l < kLanes; ++l) {
      middles[l] = BasicState::Merge(middles[l], before);
      before = BasicState::Merge(before, now_.totals[l]);
    }
  }

  void RollBlock(const double* x, double* out) {
    BasicState middles[kLanes];
    FindMiddles(x, middles);
    step_.StartPrefix(old_.refs, LoadStrided(d_, x, length_), middles);
    RollPrefixes(d_, step_, x, length_, length_, out, old_.suffixes);
    RollRest(x, out);
  }

  HWY_NOINLINE void RollRest(const double* x, double* out) const {
    BasicState segments;
    for (const BasicState& total : now_.totals) segments = BasicState::Merge(segments, total);
    for (int64_t row = length_ * kLanes; row < window_; ++row) {
      BasicState state = segments;
      for (int64_t k = row - window_ + 1; k < 0; ++k) state.Append(x[k]);
      for (int64_t k = length_ * kLanes; k <= row; ++k) state.Append(x[k]);
      out[row] = step_.Finish(state);
    }
  }

  const D d_;
  Step& step_;
  const int64_t window_;
  const int64_t length_;  // of a segment
  Block old_, now_;
};

}  // namespace HWY_NAMESPACE
}  // namespace headrace::kernels::rolling
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
