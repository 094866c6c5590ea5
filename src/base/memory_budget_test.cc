#include "headrace/memory_budget.h"

#include <thread>

#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "headrace/error_code.h"

namespace headrace {
namespace {

TEST(MemoryBudget, CountsWhatArrowAllocates) {
  MemoryBudget budget(1 << 20);
  {
    auto buffer = *arrow::AllocateResizableBuffer(1000, &budget);
    EXPECT_GE(budget.bytes_allocated(), 1000);
    EXPECT_EQ(budget.used_bytes(), budget.bytes_allocated());
    ASSERT_TRUE(buffer->Resize(5000).ok());
    EXPECT_GE(budget.used_bytes(), 5000);
    ASSERT_TRUE(buffer->Resize(100, true).ok());
    EXPECT_LT(budget.used_bytes(), 5000);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
  EXPECT_GE(budget.peak_bytes(), 5000);
  EXPECT_GE(budget.max_memory(), 5000);
  EXPECT_GE(budget.num_allocations(), 1);
}

TEST(MemoryBudget, RefusesWithHoldersAndStaysAsItWas) {
  MemoryBudget budget(10'000);
  Reservation window = budget.Reserve("window");
  ASSERT_TRUE(window.Resize(8'000).ok());
  const Status refused = arrow::AllocateBuffer(4'000, &budget).status();
  EXPECT_EQ(CodeOf(refused), ErrorCode::kMemoryLimit);
  EXPECT_TRUE(refused.IsOutOfMemory());
  EXPECT_THAT(refused.message(), testing::HasSubstr("window"));
  EXPECT_EQ(budget.used_bytes(), 8'000);

  EXPECT_EQ(CodeOf(window.Resize(10'001)), ErrorCode::kMemoryLimit);
  EXPECT_EQ(window.bytes(), 8'000);
  EXPECT_TRUE(window.Resize(10'000).ok());
}

TEST(MemoryBudget, ReservationsAreGivenBack) {
  MemoryBudget budget(1000);
  {
    Reservation first = budget.Reserve("a");
    ASSERT_TRUE(first.Resize(600).ok());
    Reservation second = std::move(first);
    EXPECT_EQ(budget.used_bytes(), 600);
    Reservation third = budget.Reserve("b");
    ASSERT_TRUE(third.Resize(300).ok());
    third = std::move(second);
    EXPECT_EQ(budget.used_bytes(), 600);
    EXPECT_EQ(budget.Shares().front().owner, "a");
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(MemoryBudget, ManyOwnersShareTheLastCounter) {
  MemoryBudget budget(1'000'000);
  std::vector<Reservation> held;
  for (int i = 0; i < 200; ++i) {
    held.push_back(budget.Reserve("owner" + std::to_string(i)));
    ASSERT_TRUE(held.back().Resize(10).ok());
  }
  int64_t sum = 0;
  for (const auto& share : budget.Shares()) sum += share.bytes;
  EXPECT_EQ(sum, 2000);
  held.clear();
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(MemoryBudget, ThreadsNeverPassTheLimit) {
  MemoryBudget budget(100'000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&budget, t] {
      Reservation share = budget.Reserve("thread" + std::to_string(t));
      for (int i = 0; i < 2000; ++i) {
        (void)share.Resize((i * 7919 + t) % 60'000);
        EXPECT_LE(budget.used_bytes(), 100'000);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(budget.used_bytes(), 0);
  EXPECT_LE(budget.peak_bytes(), 100'000);
}

RC_GTEST_PROP(MemoryBudget, UsedIsTheSumOfShares, (std::vector<uint16_t> sizes)) {
  MemoryBudget budget(200'000);
  std::vector<Reservation> held;
  int64_t expected = 0;
  for (uint16_t size : sizes) {
    held.push_back(budget.Reserve("o" + std::to_string(size % 5)));
    if (held.back().Resize(size).ok()) expected += size;
    RC_ASSERT(budget.used_bytes() == expected);
    RC_ASSERT(expected <= 200'000);
  }
}

TEST(MemoryBudget, DefaultIsBelowPhysicalMemory) {
  EXPECT_GT(MemoryBudget::DefaultLimitBytes(), 0);
  EXPECT_EQ(MemoryBudget().limit_bytes(), MemoryBudget::DefaultLimitBytes());
}

}  // namespace
}  // namespace headrace
