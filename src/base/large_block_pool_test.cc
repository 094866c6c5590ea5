#include "base/large_block_pool.h"

#include <algorithm>
#include <cstdint>

#include <gtest/gtest.h>

namespace headrace::base {
namespace {

constexpr int64_t kLarge = LargeBlockPool::kLargeBlockBytes;

void Fill(uint8_t* block, int64_t from, int64_t to) {
  for (int64_t i = from; i < to; ++i) block[i] = static_cast<uint8_t>(i * 7 + i / 4096);
}

bool Holds(const uint8_t* block, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    if (block[i] != static_cast<uint8_t>(i * 7 + i / 4096)) return false;
  }
  return true;
}

TEST(LargeBlockPool, BlocksKeepTheirBytesThroughEverySize) {
  LargeBlockPool pool(arrow::system_memory_pool());
  uint8_t* block = nullptr;
  int64_t size = 1000;
  ASSERT_TRUE(pool.Allocate(size, 64, &block).ok());
  Fill(block, 0, size);
  for (const int64_t next : {kLarge - 1, kLarge, kLarge + 1, 5 * kLarge + 77, 40 * kLarge,
                             2 * kLarge + 1, kLarge, kLarge - 1, int64_t{10}}) {
    ASSERT_TRUE(pool.Reallocate(size, next, 64, &block).ok());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0U);
    ASSERT_TRUE(Holds(block, std::min(size, next))) << size << " to " << next;
    Fill(block, 0, next);
    size = next;
  }
  pool.Free(block, size, 64);
}

TEST(LargeBlockPool, MoreAlignmentThanAPageHas) {
  LargeBlockPool pool(arrow::system_memory_pool());
  uint8_t* block = nullptr;
  const int64_t alignment = int64_t{1} << 16;
  ASSERT_TRUE(pool.Allocate(2 * kLarge, alignment, &block).ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0U);
  pool.Free(block, 2 * kLarge, alignment);
}

TEST(LargeBlockPool, WhatTheSystemHasNotIsAnError) {
  LargeBlockPool pool(arrow::system_memory_pool());
  uint8_t* block = nullptr;
  EXPECT_TRUE(pool.Allocate(int64_t{1} << 60, 64, &block).IsOutOfMemory());
  ASSERT_TRUE(pool.Allocate(2 * kLarge, 64, &block).ok());
  Fill(block, 0, 2 * kLarge);
  EXPECT_TRUE(pool.Reallocate(2 * kLarge, int64_t{1} << 60, 64, &block).IsOutOfMemory());
  EXPECT_TRUE(Holds(block, 2 * kLarge)) << "a refused block stays as it was";
  pool.Free(block, 2 * kLarge, 64);
}

}  // namespace
}  // namespace headrace::base
