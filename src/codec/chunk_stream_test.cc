#include "codec/chunk_stream.h"

#include <string>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

namespace headrace::codec {
namespace {

std::string TextOf(const Chunk& chunk) {
  std::string text;
  for (const auto& buffer : chunk) {
    text += buffer->ToString();
  }
  return text;
}

TEST(ChunkStreamTest, SmallPiecesBecomeOneBuffer) {
  ChunkStream stream(nullptr);
  ASSERT_TRUE(stream.Write("ab", 2).ok());
  ASSERT_TRUE(stream.Write(arrow::Buffer::FromString("cd")).ok());
  ASSERT_TRUE(stream.Write("e", 1).ok());
  EXPECT_EQ(stream.pending_bytes(), 5);
  const Chunk chunk = stream.Take().ValueOrDie();
  EXPECT_EQ(chunk.size(), 1);
  EXPECT_EQ(TextOf(chunk), "abcde");
}

TEST(ChunkStreamTest, LargeBuffersAreKeptAsTheyAreAndInTheirOrder) {
  ChunkStream stream(nullptr);
  const auto large = arrow::Buffer::FromString(std::string(4096, 'x'));
  ASSERT_TRUE(stream.Write("head", 4).ok());
  ASSERT_TRUE(stream.Write(large).ok());
  ASSERT_TRUE(stream.Write("tail", 4).ok());
  const Chunk chunk = stream.Take().ValueOrDie();
  ASSERT_EQ(chunk.size(), 3);
  EXPECT_EQ(chunk[1]->data(), large->data());
  EXPECT_EQ(TextOf(chunk), "head" + std::string(4096, 'x') + "tail");
}

TEST(ChunkStreamTest, TakingEmptiesAndThePositionGoesOn) {
  ChunkStream stream(nullptr);
  EXPECT_TRUE(stream.Take().ValueOrDie().empty());
  ASSERT_TRUE(stream.Write("abc", 3).ok());
  EXPECT_EQ(stream.Tell().ValueOrDie(), 3);
  EXPECT_EQ(TextOf(stream.Take().ValueOrDie()), "abc");
  EXPECT_EQ(stream.pending_bytes(), 0);
  EXPECT_EQ(stream.Tell().ValueOrDie(), 3);
  ASSERT_TRUE(stream.Write("de", 2).ok());
  EXPECT_EQ(stream.Tell().ValueOrDie(), 5);
  EXPECT_EQ(TextOf(stream.Take().ValueOrDie()), "de");
  EXPECT_TRUE(stream.Take().ValueOrDie().empty());
}

TEST(ChunkStreamTest, ARefusedAllocationIsAnError) {
  arrow::CappedMemoryPool pool(arrow::default_memory_pool(), 1024);
  ChunkStream stream(&pool);
  const std::string text(4096, 'x');
  EXPECT_TRUE(stream.Write(text.data(), static_cast<int64_t>(text.size())).IsOutOfMemory());
}

}  // namespace
}  // namespace headrace::codec
