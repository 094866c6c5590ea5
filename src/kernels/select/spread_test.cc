#include "kernels/select/spread.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace headrace::kernels {
namespace {

template <typename T>
void EqualsTheLoop() {
  const auto rows = *rc::gen::inRange<int64_t>(0, 400);
  const auto offset = *rc::gen::inRange<int64_t>(0, 70);
  const auto odds = *rc::gen::inRange(0, 101);
  std::vector<uint8_t> bits(static_cast<size_t>((offset + rows + 7) / 8));  // not a byte more
  std::vector<T> expected(static_cast<size_t>(rows));
  std::vector<T> values(static_cast<size_t>(rows));
  int64_t present = 0;
  for (int64_t row = 0; row < rows; ++row) {
    if (*rc::gen::inRange(0, 100) >= odds) continue;
    bits[static_cast<size_t>((offset + row) >> 3)] |=
        static_cast<uint8_t>(1 << ((offset + row) & 7));
    expected[static_cast<size_t>(row)] = static_cast<T>(row + 1);
    values[static_cast<size_t>(present++)] = static_cast<T>(row + 1);
  }
  for (auto row = static_cast<size_t>(present); row < values.size(); ++row) {
    values[row] = static_cast<T>(-7);
  }
  Spread(values.data(), present, rows, bits.data(), offset);
  RC_ASSERT(values == expected);
}

TEST(Spread, EqualsTheLoop) {
  EXPECT_TRUE(rc::check("int32", EqualsTheLoop<int32_t>));
  EXPECT_TRUE(rc::check("double", EqualsTheLoop<double>));
}

}  // namespace
}  // namespace headrace::kernels
