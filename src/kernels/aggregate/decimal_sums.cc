#include "kernels/aggregate/decimal_sums.h"

#include <cstring>

namespace headrace::kernels {
namespace {

using Double = unsigned __int128;

template <size_t kSize>
void AddLimbs(const std::array<uint64_t, kSize>& limbs, std::array<uint64_t, kSize>* sum) {
  Double carry = 0;
  for (size_t i = 0; i < kSize; ++i) {
    carry += Double{(*sum)[i]} + limbs[i];
    (*sum)[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
}

template <int kLimbs>
void AddOne(const uint8_t* value, DecimalSumCell<kLimbs>* cell) {
  std::array<uint64_t, kLimbs + 1> limbs;
  std::memcpy(limbs.data(), value, 8 * kLimbs);
  limbs[kLimbs] = static_cast<uint64_t>(static_cast<int64_t>(limbs[kLimbs - 1]) >> 63);
  AddLimbs(limbs, &cell->limbs);
  ++cell->count;
}

bool Present(const GroupedRows& rows, int64_t row) {
  const int64_t bit = rows.validity_offset + row;
  return (rows.validity[bit >> 3] >> (bit & 7) & 1) != 0;
}

}  // namespace

template <int kLimbs>
std::array<uint64_t, kLimbs + 1> DecimalSumCell<kLimbs>::Magnitude() const noexcept {
  if (!IsNegative()) return limbs;
  std::array<uint64_t, kLimbs + 1> magnitude = {1};
  std::array<uint64_t, kLimbs + 1> complement;
  for (size_t i = 0; i < limbs.size(); ++i) complement[i] = ~limbs[i];
  AddLimbs(complement, &magnitude);
  return magnitude;
}

template <int kLimbs>
void DecimalSumCell<kLimbs>::Add(const DecimalSumCell& other) noexcept {
  AddLimbs(other.limbs, &limbs);
  count += other.count;
}

template <int kLimbs>
void AddDecimals(const uint8_t* values, const GroupedRows& rows,
                 DecimalSumCell<kLimbs>* cells) noexcept {
  constexpr int64_t kWidth = 8 * kLimbs;
  if (rows.groups == nullptr) {
    DecimalSumCell<kLimbs> cell = cells[0];  // in registers
    for (int64_t row = 0; row < rows.rows; ++row) {
      if (rows.validity == nullptr || Present(rows, row)) AddOne(values + row * kWidth, &cell);
    }
    cells[0] = cell;
    return;
  }
  for (int64_t row = 0; row < rows.rows; ++row) {
    if (rows.validity != nullptr && !Present(rows, row)) continue;
    AddOne(values + row * kWidth, &cells[rows.groups[row]]);
  }
}

template struct DecimalSumCell<2>;
template struct DecimalSumCell<4>;
template void AddDecimals<2>(const uint8_t*, const GroupedRows&, DecimalSumCell<2>*) noexcept;
template void AddDecimals<4>(const uint8_t*, const GroupedRows&, DecimalSumCell<4>*) noexcept;

}  // namespace headrace::kernels
