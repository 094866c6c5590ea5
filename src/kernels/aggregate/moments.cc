#include "kernels/aggregate/moments.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/aggregate/moments.cc"
#include <bit>
#include <type_traits>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace headrace::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr uint64_t kOne = uint64_t{1} << 52;
constexpr uint64_t kFraction = kOne - 1;

template <bool kNulls>
HWY_INLINE uint64_t Present(const GroupedRows& rows, int64_t row) {
  if constexpr (!kNulls) return 1;
  const int64_t bit = rows.validity_offset + row;
  return uint64_t{rows.validity[bit >> 3]} >> (bit & 7) & 1;
}

// Branches cost more than the work that they would save: what is null or not in the window adds 0.
template <typename Cell, typename Value>
HWY_INLINE uint64_t AddOne(Value value, uint64_t present, Cell* cell) {
  cell->count += static_cast<int64_t>(present);
  if constexpr (std::is_floating_point_v<Value>) {
    const auto bits = std::bit_cast<uint64_t>(static_cast<double>(value));
    const uint32_t shift =
        static_cast<uint32_t>(bits >> 52 & 0x7ff) - static_cast<uint32_t>(cell->base);
    const uint64_t fits = shift < kWindow ? present : 0;
    AddMagnitude(((bits & kFraction) | kOne) * fits << (shift & 63),
                 static_cast<uint64_t>(static_cast<int64_t>(bits) >> 63), cell);
    return bits << 1 != 0 ? present - fits : 0;
  } else {
    const uint64_t low = static_cast<uint64_t>(value) & -present;
    const uint64_t sign = value < 0 ? -present : 0;
    AddNumber((low ^ sign) - sign, low, sign, cell);
    return 0;
  }
}

template <bool kNulls, typename Cell, typename Value>
int64_t AddGrouped(const Value* HWY_RESTRICT values, const GroupedRows& rows,
                   Cell* HWY_RESTRICT cells, uint32_t* HWY_RESTRICT misses) {
  int64_t num_misses = 0;
  for (int64_t row = 0; row < rows.rows; ++row) {
    const uint64_t miss = AddOne(values[row], Present<kNulls>(rows, row), cells + rows.groups[row]);
    if constexpr (std::is_floating_point_v<Value>) {
      misses[num_misses] = static_cast<uint32_t>(row);
      num_misses += static_cast<int64_t>(miss);
    }
  }
  return num_misses;
}

// A sum of doubles without nulls, a vector at a time: signed v as the lower half and the upper half
// of its bits in two sums of 64 bits, which hold 2^31 of them. Returns the rows done.
HWY_INLINE int64_t AddVectors(const double* HWY_RESTRICT values, int64_t rows,
                              SumCell* HWY_RESTRICT cell, uint32_t* HWY_RESTRICT misses,
                              int64_t* num_misses) {
  const hn::ScalableTag<int64_t> d;
  const hn::Repartition<uint64_t, decltype(d)> du;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto base = hn::Set(d, cell->base);
  const auto zero = hn::Zero(d);
  auto lower = zero;
  auto upper = zero;
  int64_t row = 0;
  for (; row + lanes <= rows; row += lanes) {
    const auto bits = hn::BitCast(d, hn::LoadU(hn::ScalableTag<double>(), values + row));
    const auto magnitude = hn::And(bits, hn::Set(d, INT64_MAX));
    const auto shift = hn::Sub(hn::ShiftRight<52>(magnitude), base);
    const auto fits = hn::And(hn::Gt(shift, hn::Set(d, -1)), hn::Lt(shift, hn::Set(d, kWindow)));
    const auto mantissa =
        hn::Or(hn::And(bits, hn::Set(d, int64_t{kFraction})), hn::Set(d, int64_t{kOne}));
    const auto v = hn::BitCast(
        d, hn::Shl(hn::BitCast(du, mantissa), hn::BitCast(du, hn::And(shift, hn::Set(d, 63)))));
    const auto sign = hn::BroadcastSignBit(bits);
    const auto value = hn::IfThenElseZero(fits, hn::Sub(hn::Xor(v, sign), sign));
    lower = hn::Add(lower, hn::And(value, hn::Set(d, 0xffffffff)));
    upper = hn::Add(upper, hn::ShiftRight<32>(value));
    if (HWY_UNLIKELY(!hn::AllTrue(d, hn::Or(fits, hn::Eq(magnitude, zero))))) {
      for (int64_t i = row; i < row + lanes; ++i) {
        SumCell probe{.base = cell->base};
        misses[*num_misses] = static_cast<uint32_t>(i);
        *num_misses += static_cast<int64_t>(AddOne(values[i], 1, &probe));
      }
    }
  }
  const int64_t low = hn::GetLane(hn::SumOfLanes(d, lower));
  const int64_t high = hn::GetLane(hn::SumOfLanes(d, upper));
  AddToSum(static_cast<uint64_t>(low), 0, cell);
  AddToSum(static_cast<uint64_t>(high) << 32, static_cast<uint64_t>(high >> 32), cell);
  cell->count += row;
  return row;
}

// One group: lanes in registers, so that no addition waits for the one before it.
template <bool kNulls, typename Cell, typename Value>
int64_t AddAlone(const Value* HWY_RESTRICT values, const GroupedRows& rows, Cell* HWY_RESTRICT cell,
                 uint32_t* HWY_RESTRICT misses) {
  constexpr int64_t kLanes = 2;
  Cell lanes[kLanes];
  for (Cell& lane : lanes) lane.base = cell->base;
  int64_t num_misses = 0;
  int64_t row = 0;
  if constexpr (!kNulls && std::is_same_v<Value, double> && std::is_same_v<Cell, SumCell>) {
    row = AddVectors(values, rows.rows, cell, misses, &num_misses);
  }
  const auto add = [&](Cell* lane) HWY_ATTR __attribute__((always_inline)) {
    const uint64_t miss = AddOne(values[row], Present<kNulls>(rows, row), lane);
    if constexpr (std::is_floating_point_v<Value>) {
      misses[num_misses] = static_cast<uint32_t>(row);
      num_misses += static_cast<int64_t>(miss);
    }
    ++row;
  };
  while (row + kLanes <= rows.rows) {
    add(&lanes[0]);
    add(&lanes[1]);
  }
  while (row < rows.rows) add(&lanes[0]);
  for (const Cell& lane : lanes) {
    AddSums(lane, cell);
    cell->count += lane.count;
  }
  return num_misses;
}

template <typename Cell, typename Value>
int64_t AddTyped(const void* values, const GroupedRows& rows, Cell* cells, uint32_t* misses) {
  const auto* typed = static_cast<const Value*>(values);
  const bool nulls = rows.validity != nullptr;
  if (rows.groups != nullptr) {
    return nulls ? AddGrouped<true>(typed, rows, cells, misses)
                 : AddGrouped<false>(typed, rows, cells, misses);
  }
  return nulls ? AddAlone<true>(typed, rows, cells, misses)
               : AddAlone<false>(typed, rows, cells, misses);
}

template <typename Cell>
int64_t AddAny(NumberType type, const void* values, const GroupedRows& rows, Cell* cells,
               uint32_t* misses) {
  return VisitNumberType(type, [&](auto sample) HWY_ATTR {
    return AddTyped<Cell, decltype(sample)>(values, rows, cells, misses);
  });
}

int64_t AddSumsOf(NumberType type, const void* values, const GroupedRows& rows, SumCell* cells,
                  uint32_t* misses) {
  return AddAny(type, values, rows, cells, misses);
}

int64_t AddMomentsOf(NumberType type, const void* values, const GroupedRows& rows,
                     MomentCell* cells, uint32_t* misses) {
  return AddAny(type, values, rows, cells, misses);
}

}  // namespace HWY_NAMESPACE
}  // namespace headrace::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headrace::kernels {

HWY_EXPORT(AddSumsOf);
HWY_EXPORT(AddMomentsOf);

int64_t AddNumbers(NumberType type, const void* values, const GroupedRows& rows, SumCell* cells,
                   uint32_t* misses) noexcept {
  return HWY_DYNAMIC_DISPATCH(AddSumsOf)(type, values, rows, cells, misses);
}

int64_t AddNumbers(NumberType type, const void* values, const GroupedRows& rows, MomentCell* cells,
                   uint32_t* misses) noexcept {
  return HWY_DYNAMIC_DISPATCH(AddMomentsOf)(type, values, rows, cells, misses);
}

}  // namespace headrace::kernels
#endif
