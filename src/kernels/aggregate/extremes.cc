#include "kernels/aggregate/extremes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace headrace::kernels {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();

// Its own inverse: negative numbers are ordered the other way round by their bits.
int64_t Turn(int64_t bits) { return bits ^ ((bits >> 63) & kGreatest); }

template <typename Value>
int64_t KeyOf(Value value) {
  if constexpr (std::is_floating_point_v<Value>) {
    return Turn(std::bit_cast<int64_t>(static_cast<double>(value)));
  } else if constexpr (std::is_same_v<Value, uint64_t>) {
    return static_cast<int64_t>(value ^ (uint64_t{1} << 63));
  } else {
    return static_cast<int64_t>(value);
  }
}

template <typename Value>
void AddOne(Value value, bool present, ExtremeCell* cell) {
  int64_t low = KeyOf(value);
  int64_t high = low;
  if constexpr (std::is_floating_point_v<Value>) {
    const bool number = value == value;
    low = number ? low : kLeast;
    high = number ? high : kGreatest;
  }
  low = present ? low : kGreatest;
  high = present ? high : kLeast;
  cell->low = std::min(cell->low, low);
  cell->high = std::max(cell->high, high);
}

bool Present(const GroupedRows& rows, int64_t row) {
  const int64_t bit = rows.validity_offset + row;
  return (rows.validity[bit >> 3] >> (bit & 7) & 1) != 0;
}

template <typename Value>
void AddTyped(const void* untyped, const GroupedRows& rows, ExtremeCell* cells) {
  const auto* values = static_cast<const Value*>(untyped);
  if (rows.groups == nullptr) {
    ExtremeCell cell = cells[0];  // in registers
    if (rows.validity == nullptr) {
      for (int64_t row = 0; row < rows.rows; ++row) AddOne(values[row], true, &cell);
    } else {
      for (int64_t row = 0; row < rows.rows; ++row) AddOne(values[row], Present(rows, row), &cell);
    }
    cells[0] = cell;
  } else if (rows.validity == nullptr) {
    for (int64_t row = 0; row < rows.rows; ++row) {
      AddOne(values[row], true, cells + rows.groups[row]);
    }
  } else {
    for (int64_t row = 0; row < rows.rows; ++row) {
      AddOne(values[row], Present(rows, row), cells + rows.groups[row]);
    }
  }
}

template <typename Value>
void WriteTyped(int64_t key, void* out) {
  Value value;
  if constexpr (std::is_floating_point_v<Value>) {
    const bool number = key != kLeast && key != kGreatest;
    value = number ? static_cast<Value>(std::bit_cast<double>(Turn(key)))
                   : std::numeric_limits<Value>::quiet_NaN();
  } else if constexpr (std::is_same_v<Value, uint64_t>) {
    value = static_cast<uint64_t>(key) ^ (uint64_t{1} << 63);
  } else {
    value = static_cast<Value>(key);
  }
  std::memcpy(out, &value, sizeof value);
}

}  // namespace

void AddExtremes(NumberType type, const void* values, const GroupedRows& rows,
                 ExtremeCell* cells) noexcept {
  VisitNumberType(type, [&](auto sample) { AddTyped<decltype(sample)>(values, rows, cells); });
}

void WriteExtreme(NumberType type, int64_t key, void* out) noexcept {
  VisitNumberType(type, [&](auto sample) { WriteTyped<decltype(sample)>(key, out); });
}

void AddCounts(const GroupedRows& rows, int64_t* counts) noexcept {
  if (rows.validity == nullptr && rows.groups == nullptr) {
    counts[0] += rows.rows;
  } else if (rows.validity == nullptr) {
    for (int64_t row = 0; row < rows.rows; ++row) ++counts[rows.groups[row]];
  } else if (rows.groups == nullptr) {
    for (int64_t row = 0; row < rows.rows; ++row) counts[0] += Present(rows, row) ? 1 : 0;
  } else {
    for (int64_t row = 0; row < rows.rows; ++row) {
      counts[rows.groups[row]] += Present(rows, row) ? 1 : 0;
    }
  }
}

}  // namespace headrace::kernels
