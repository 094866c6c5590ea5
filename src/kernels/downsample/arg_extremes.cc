#include "kernels/downsample/arg_extremes.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/downsample/arg_extremes.cc"
#include <algorithm>
#include <limits>
#include <type_traits>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#ifndef HEADRACE_ARG_EXTREMES_BLOCK_H_
#define HEADRACE_ARG_EXTREMES_BLOCK_H_
namespace headrace::kernels {

// Values of a block are looked at once for the extremes; where these lie is looked up afterwards in
// the two blocks that have them, which the first-level cache may still hold.
inline constexpr int64_t kExtremesBlock = 1024;

template <typename T>
struct Bounds {
  static constexpr T kTop = std::numeric_limits<T>::has_infinity
                                ? std::numeric_limits<T>::infinity()
                                : std::numeric_limits<T>::max();
  static constexpr T kBottom = std::numeric_limits<T>::has_infinity
                                   ? -std::numeric_limits<T>::infinity()
                                   : std::numeric_limits<T>::lowest();
};

}  // namespace headrace::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace headrace::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The extremes in each lane. A NaN compares false and so never gets in.
template <class D>
struct LaneExtremes {
  using T = hn::TFromD<D>;
  using V = hn::Vec<D>;

  explicit LaneExtremes(D d)
      : least(hn::Set(d, Bounds<T>::kTop)),
        greatest(hn::Set(d, Bounds<T>::kBottom)),
        odd(hn::FirstN(d, 0)) {}

  HWY_INLINE void Add(V v) {
    if constexpr (std::is_floating_point_v<T>) {
      least = hn::IfThenElse(hn::Lt(v, least), v, least);
      greatest = hn::IfThenElse(hn::Lt(greatest, v), v, greatest);
      odd = hn::Or(odd, hn::IsNaN(v));
    } else {
      least = hn::Min(v, least);
      greatest = hn::Max(v, greatest);
    }
  }

  HWY_INLINE void Merge(const LaneExtremes& other) {
    least = hn::Min(least, other.least);
    greatest = hn::Max(greatest, other.greatest);
    odd = hn::Or(odd, other.odd);
  }

  V least;
  V greatest;
  hn::Mask<D> odd;  // lanes that had a NaN
};

template <typename T>
struct BlockExtremes {
  T least = Bounds<T>::kTop;
  T greatest = Bounds<T>::kBottom;
  bool has_nan = false;
};

// Requires: rows >= Lanes(d). The last vector may overlap the one before.
template <class D, typename T>
HWY_INLINE BlockExtremes<T> OfBlock(D d, const T* values, int64_t rows) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  LaneExtremes<D> a(d);
  LaneExtremes<D> b(d);
  LaneExtremes<D> c(d);
  LaneExtremes<D> e(d);
  int64_t row = 0;
  for (; row + 4 * lanes <= rows; row += 4 * lanes) {
    a.Add(hn::LoadU(d, values + row));
    b.Add(hn::LoadU(d, values + row + lanes));
    c.Add(hn::LoadU(d, values + row + 2 * lanes));
    e.Add(hn::LoadU(d, values + row + 3 * lanes));
  }
  for (; row + lanes <= rows; row += lanes) a.Add(hn::LoadU(d, values + row));
  if (row < rows) a.Add(hn::LoadU(d, values + rows - lanes));
  a.Merge(b);
  c.Merge(e);
  a.Merge(c);
  HWY_ALIGN T least[hn::MaxLanes(D())];
  HWY_ALIGN T greatest[hn::MaxLanes(D())];
  hn::Store(a.least, d, least);
  hn::Store(a.greatest, d, greatest);
  return {*std::min_element(least, least + lanes), *std::max_element(greatest, greatest + lanes),
          !hn::AllFalse(d, a.odd)};
}

template <typename T>
HWY_INLINE BlockExtremes<T> OfFew(const T* values, int64_t rows) {
  BlockExtremes<T> found;
  for (int64_t row = 0; row < rows; ++row) {
    const T value = values[row];
    if (value < found.least) found.least = value;
    if (value > found.greatest) found.greatest = value;
    found.has_nan = found.has_nan || value != value;
  }
  return found;
}

// The first row with this value, or -1.
template <class D, typename T>
int64_t FirstEqual(D d, const T* values, int64_t rows, T value) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto wanted = hn::Set(d, value);
  int64_t row = 0;
  for (; row + lanes <= rows; row += lanes) {
    const intptr_t found = hn::FindFirstTrue(d, hn::Eq(hn::LoadU(d, values + row), wanted));
    if (found >= 0) return row + found;
  }
  for (; row < rows; ++row) {
    if (values[row] == value) return row;
  }
  return -1;
}

template <typename T>
ArgExtremes Find(const T* values, int64_t rows) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  BlockExtremes<T> all;
  int64_t least_block = -1;
  int64_t greatest_block = -1;
  for (int64_t begin = 0; begin < rows; begin += kExtremesBlock) {
    const int64_t count = std::min(kExtremesBlock, rows - begin);
    const BlockExtremes<T> block =
        count >= lanes ? OfBlock(d, values + begin, count) : OfFew(values + begin, count);
    all.has_nan = all.has_nan || block.has_nan;
    if (block.least < all.least) {
      all.least = block.least;
      least_block = begin;
    }
    if (block.greatest > all.greatest) {
      all.greatest = block.greatest;
      greatest_block = begin;
    }
  }
  // Without a block nothing lies below the top: there may still be a value that is the top.
  const auto place = [&](int64_t block, T value) HWY_ATTR {
    const int64_t begin = std::max<int64_t>(block, 0);
    const int64_t found = FirstEqual(d, values + begin, rows - begin, value);
    return found < 0 ? found : begin + found;
  };
  return {place(least_block, all.least), place(greatest_block, all.greatest), all.has_nan};
}

ArgExtremes FindDouble(const double* values, int64_t rows) { return Find(values, rows); }
ArgExtremes FindFloat(const float* values, int64_t rows) { return Find(values, rows); }
ArgExtremes FindInt64(const int64_t* values, int64_t rows) { return Find(values, rows); }
ArgExtremes FindInt32(const int32_t* values, int64_t rows) { return Find(values, rows); }
const char* TargetName() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace headrace::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace headrace::kernels {

HWY_EXPORT(FindDouble);
HWY_EXPORT(FindFloat);
HWY_EXPORT(FindInt64);
HWY_EXPORT(FindInt32);
HWY_EXPORT(TargetName);

ArgExtremes FindExtremes(std::span<const double> values) noexcept {
  return HWY_DYNAMIC_DISPATCH(FindDouble)(values.data(), static_cast<int64_t>(values.size()));
}
ArgExtremes FindExtremes(std::span<const float> values) noexcept {
  return HWY_DYNAMIC_DISPATCH(FindFloat)(values.data(), static_cast<int64_t>(values.size()));
}
ArgExtremes FindExtremes(std::span<const int64_t> values) noexcept {
  return HWY_DYNAMIC_DISPATCH(FindInt64)(values.data(), static_cast<int64_t>(values.size()));
}
ArgExtremes FindExtremes(std::span<const int32_t> values) noexcept {
  return HWY_DYNAMIC_DISPATCH(FindInt32)(values.data(), static_cast<int64_t>(values.size()));
}

const char* ExtremesTargetName() noexcept { return HWY_DYNAMIC_DISPATCH(TargetName)(); }

}  // namespace headrace::kernels
#endif
