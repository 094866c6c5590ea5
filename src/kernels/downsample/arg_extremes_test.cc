#include "kernels/downsample/arg_extremes.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "kernels/rolling/simd_targets_test.h"

namespace headrace::kernels {
namespace {

template <typename T>
ArgExtremes Naive(std::span<const T> values) {
  ArgExtremes found;
  for (size_t i = 0; i < values.size(); ++i) {
    const T value = values[i];
    if (value != value) {
      found.has_nan = true;
      continue;
    }
    const auto row = static_cast<int64_t>(i);
    if (found.least < 0 || value < values[static_cast<size_t>(found.least)]) found.least = row;
    if (found.greatest < 0 || value > values[static_cast<size_t>(found.greatest)]) {
      found.greatest = row;
    }
  }
  return found;
}

template <typename T>
T AnyValue(int kinds) {
  const int kind = *rc::gen::inRange(0, kinds);
  if constexpr (std::is_floating_point_v<T>) {
    if (kind == 0) return std::numeric_limits<T>::quiet_NaN();
    if (kind == 1) return std::numeric_limits<T>::infinity();
    if (kind == 2) return -std::numeric_limits<T>::infinity();
    if (kind == 3) return static_cast<T>(-0.0);
  } else {
    if (kind == 0) return std::numeric_limits<T>::max();
    if (kind == 1) return std::numeric_limits<T>::lowest();
  }
  return static_cast<T>(*rc::gen::inRange(-50, 50));
}

template <typename T>
void EqualsTheLoop() {
  const auto rows =
      *rc::gen::elementOf(std::vector<int>{0, 1, 2, 7, 8, 9, 31, 33, 200, 1025, 2500});
  const auto offset = *rc::gen::inRange(0, 9);
  const auto kinds = *rc::gen::elementOf(std::vector<int>{1, 2, 3, 4, 5, 100, 3000});
  std::vector<T> values;
  for (int i = 0; i < rows + offset; ++i) values.push_back(AnyValue<T>(kinds));
  const auto part = std::span<const T>(values).subspan(static_cast<size_t>(offset));
  const ArgExtremes found = FindExtremes(part);
  const ArgExtremes expected = Naive(part);
  RC_ASSERT(found.least == expected.least);
  RC_ASSERT(found.greatest == expected.greatest);
  RC_ASSERT(found.has_nan == expected.has_nan);
}

TEST(ArgExtremes, EqualsTheLoop) {
  ForEachTarget([] {
    EXPECT_TRUE(rc::check("double", EqualsTheLoop<double>));
    EXPECT_TRUE(rc::check("float", EqualsTheLoop<float>));
    EXPECT_TRUE(rc::check("int64", EqualsTheLoop<int64_t>));
    EXPECT_TRUE(rc::check("int32", EqualsTheLoop<int32_t>));
  });
}

TEST(ArgExtremes, OfEqualOnesTheFirst) {
  ForEachTarget([] {
    std::vector<double> values(5000, 1.0);
    values[1500] = values[1600] = values[4000] = -0.0;
    values[2000] = 0.0;
    values[0] = values[3] = std::nan("");
    const ArgExtremes found = FindExtremes(std::span<const double>(values));
    EXPECT_EQ(found.least, 1500);
    EXPECT_EQ(found.greatest, 1);
    EXPECT_TRUE(found.has_nan);
  });
}

}  // namespace
}  // namespace headrace::kernels
