#include "window/sliding_region.h"

#include <numeric>
#include <utility>

#include <gtest/gtest.h>

namespace headrace::window {
namespace {

TEST(SlidingRegion, GivesBackWholePagesBehind) {
  const int64_t page = SlidingRegion::PageBytes();
  auto region = *SlidingRegion::Make(10 * page - 1);
  EXPECT_EQ(region.capacity(), 10 * page);
  std::fill_n(region.data(), 10 * page, uint8_t{7});

  EXPECT_FALSE(region.Release(page - 1, page)) << "less than a page";
  EXPECT_FALSE(region.Release(2 * page, 3 * page)) << "less than the granule";
  EXPECT_TRUE(region.Release(4 * page + 5, page));
  EXPECT_EQ(region.released(), 4 * page);
  EXPECT_EQ(region.data()[4 * page - 1], 0) << "given back, so it reads as fresh";
  EXPECT_EQ(region.data()[4 * page], 7) << "the page of the line stays";
  EXPECT_FALSE(region.Release(page, page)) << "never backwards";
}

TEST(SlidingRegion, MovesWithItsMemory) {
  auto first = *SlidingRegion::Make(100);
  first.data()[5] = 42;
  SlidingRegion second = std::move(first);
  EXPECT_EQ(second.data()[5], 42);
  EXPECT_EQ(first.data(), nullptr);
  SlidingRegion third;
  third = std::move(second);
  EXPECT_EQ(third.data()[5], 42);
}

TEST(SlidingRegion, RefusesWhatTheSystemCannotMap) {
  EXPECT_FALSE(SlidingRegion::Make(int64_t{1} << 62).ok());
}

}  // namespace
}  // namespace headrace::window
