#include "kernels/select/compact.h"

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
  std::vector<T> values;
  std::vector<T> expected;
  for (int64_t row = 0; row < rows; ++row) {
    values.push_back(static_cast<T>(row + 1));
    if (*rc::gen::inRange(0, 100) >= odds) continue;
    bits[static_cast<size_t>((offset + row) >> 3)] |=
        static_cast<uint8_t>(1 << ((offset + row) & 7));
    expected.push_back(values.back());
  }
  std::vector<T> out(expected.size());  // not a value more
  RC_ASSERT(Compact(values.data(), rows, bits.data(), offset, out.data()) ==
            static_cast<int64_t>(expected.size()));
  RC_ASSERT(out == expected);
}

TEST(Compact, EqualsTheLoop) {
  EXPECT_TRUE(rc::check("int32", EqualsTheLoop<int32_t>));
  EXPECT_TRUE(rc::check("double", EqualsTheLoop<double>));
}

}  // namespace
}  // namespace headrace::kernels
