#include "base/shared_memory.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <arrow/buffer.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "headrace/error_code.h"

namespace headrace::base {
namespace {

std::shared_ptr<arrow::Buffer> Filled(arrow::MemoryPool* pool, int64_t size, char with) {
  std::shared_ptr<arrow::Buffer> buffer = *arrow::AllocateBuffer(size, pool);
  std::memset(buffer->mutable_data(), with, static_cast<size_t>(size));
  return buffer;
}

TEST(SharedMemory, AnotherMappingHasTheSameBytesAtTheirOffsets) {
  MemoryBudget budget(64 << 20);
  const auto memory = *SharedMemory::Make(&budget, "tables");
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;
  for (const int64_t size : {1, 100, 4096, 999'999, 1 << 20, 3'000'001, 64, 0}) {
    buffers.push_back(Filled(memory.get(), size, static_cast<char>('a' + buffers.size())));
  }
  ASSERT_TRUE(memory->Seal().ok());
  const auto mapped = *MapSharedMemory(memory->descriptor());
  EXPECT_EQ(mapped->size(), memory->size());
  for (const auto& buffer : buffers) {
    if (buffer->size() == 0) continue;
    const auto offset = memory->OffsetOf(buffer->data());
    ASSERT_TRUE(offset);
    EXPECT_EQ(*offset % 64, 0);
    EXPECT_TRUE(arrow::SliceBuffer(mapped, *offset, buffer->size())->Equals(*buffer));
  }
  const char elsewhere = 0;
  EXPECT_FALSE(memory->OffsetOf(reinterpret_cast<const uint8_t*>(&elsewhere)));
}

TEST(SharedMemory, CountsAgainstTheBudgetUntilTheLastPieceIsFreed) {
  MemoryBudget budget(8 << 20);
  std::weak_ptr<SharedMemory> gone;
  std::shared_ptr<arrow::Buffer> piece;
  {
    const auto memory = *SharedMemory::Make(&budget, "tables");
    gone = memory;
    piece = Filled(memory.get(), 5 << 20, 'x');
    EXPECT_EQ(CodeOf(arrow::AllocateBuffer(5 << 20, memory.get()).status()),
              ErrorCode::kMemoryLimit);
    EXPECT_TRUE(arrow::AllocateBuffer(1 << 20, memory.get()).ok());
  }
  EXPECT_GE(budget.used_bytes(), 5 << 20);
  EXPECT_EQ(piece->data()[5'000'000], 'x');
  piece.reset();
  EXPECT_TRUE(gone.expired());
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(SharedMemory, NobodyWhoIsHandedItCanChangeIt) {
  MemoryBudget budget(8 << 20);
  const auto memory = *SharedMemory::Make(&budget, "tables");
  const auto piece = Filled(memory.get(), 100, 'x');
  ASSERT_TRUE(memory->Seal().ok());
  const int handed = ::dup(memory->descriptor());
  EXPECT_EQ(::ftruncate(handed, 0), -1);
  EXPECT_EQ(::pwrite(handed, "y", 1, 0), -1);
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, handed, 0), MAP_FAILED);
  EXPECT_EQ(::fcntl(handed, F_ADD_SEALS, 0), -1);
  ::close(handed);
  EXPECT_EQ(piece->data()[0], 'x');
  EXPECT_FALSE(arrow::AllocateBuffer(10, memory.get()).ok());
}

TEST(SharedMemory, GrowsAPieceByMovingIt) {
  MemoryBudget budget(64 << 20);
  const auto memory = *SharedMemory::Make(&budget, "tables");
  const auto piece = *arrow::AllocateResizableBuffer(10, memory.get());
  std::memcpy(piece->mutable_data(), "0123456789", 10);
  ASSERT_TRUE(piece->Resize(2 << 20).ok());
  EXPECT_EQ(std::memcmp(piece->data(), "0123456789", 10), 0);
}

TEST(SharedMemory, GivesPiecesToManyThreads) {
  MemoryBudget budget(512 << 20);
  const auto memory = *SharedMemory::Make(&budget, "tables");
  std::vector<std::vector<std::shared_ptr<arrow::Buffer>>> pieces(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < pieces.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 1; i <= 500; ++i) {
        pieces[t].push_back(Filled(memory.get(), i * 97, static_cast<char>(t)));
        if (i % 3 == 0) pieces[t].erase(pieces[t].begin());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (size_t t = 0; t < pieces.size(); ++t) {
    for (const auto& piece : pieces[t]) {
      const std::string expected(static_cast<size_t>(piece->size()), static_cast<char>(t));
      ASSERT_EQ(piece->ToString(), expected);
    }
  }
}

TEST(SharedMemory, WhatIsNoFileIsRefused) {
  EXPECT_EQ(CodeOf(MapSharedMemory(-1).status()), ErrorCode::kIOError);
}

}  // namespace
}  // namespace headrace::base
