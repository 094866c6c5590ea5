#include "server/http/byte_range.h"

#include <string>

#include <arrow/buffer.h>
#include <gtest/gtest.h>

namespace headrace::server {
namespace {

struct Asked {
  std::string_view header;
  int64_t length;
  RangeKind kind;
  int64_t begin = 0;
  int64_t end = 0;
};

TEST(ByteRange, ReadsWhatRfc9110Has) {
  using enum RangeKind;
  for (const Asked& asked : {
           Asked{"bytes=0-0", 10, kPart, 0, 1},
           Asked{"bytes=2-5", 10, kPart, 2, 6},
           Asked{"bytes=2-", 10, kPart, 2, 10},
           Asked{"bytes=2-99", 10, kPart, 2, 10},
           Asked{"bytes=2-9223372036854775807", 10, kPart, 2, 10},
           Asked{"bytes=-3", 10, kPart, 7, 10},
           Asked{"bytes=-30", 10, kPart, 0, 10},
           Asked{"bytes=10-", 10, kUnsatisfiable},
           Asked{"bytes=-0", 10, kUnsatisfiable},
           Asked{"bytes=-5", 0, kUnsatisfiable},
           Asked{"bytes=0-", 0, kUnsatisfiable},
       }) {
    ByteRange range;
    EXPECT_EQ(ReadRange(asked.header, asked.length, &range), asked.kind) << asked.header;
    if (asked.kind != kPart) continue;
    EXPECT_EQ(range.begin, asked.begin) << asked.header;
    EXPECT_EQ(range.end, asked.end) << asked.header;
  }
}

TEST(ByteRange, GivesTheWholeForWhatItDoesNotTake) {
  for (const std::string_view header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=1-2,4-5", "bytes=a-b", "bytes=--3",
        "rows=0-1", "bytes=99999999999999999999-", "bytes=0x1-2", "bytes= 1-2"}) {
    ByteRange range;
    EXPECT_EQ(ReadRange(header, 10, &range), RangeKind::kWhole) << header;
  }
}

TEST(ByteRange, SlicesWithoutCopying) {
  const codec::Chunk chunk = {arrow::Buffer::FromString("abc"), arrow::Buffer::FromString(""),
                              arrow::Buffer::FromString("defgh")};
  for (int64_t begin = 0; begin <= 8; ++begin) {
    for (int64_t end = begin; end <= 8; ++end) {
      std::string text;
      for (const auto& piece : SliceChunk(chunk, {begin, end})) text += piece->ToString();
      EXPECT_EQ(text, std::string("abcdefgh").substr(begin, end - begin));
    }
  }
  EXPECT_EQ(SliceChunk(chunk, {4, 6})[0]->data(), chunk[2]->data() + 1);
}

}  // namespace
}  // namespace headrace::server
