#include "server/http/content_coding.h"

#include <string>
#include <utility>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/util/compression.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::server {
namespace {

using enum ContentCoding;

TEST(ContentCoding, IsTheHeaviestThatTheClientTakes) {
  const std::vector<std::pair<std::string_view, ContentCoding>> cases = {
      {"", kIdentity},
      {"identity", kIdentity},
      {"gzip", kGzip},
      {"x-gzip", kGzip},
      {"GZIP", kGzip},
      {"gzip, deflate, br, zstd", kZstd},
      {"gzip;q=1.0, zstd;q=0.9", kGzip},
      {"zstd;q=0", kIdentity},
      {"zstd ; q=0.5 , gzip ; q=0.6", kGzip},
      {"*", kZstd},
      {"zstd;q=0, *", kGzip},
      {"*;q=0, gzip", kGzip},
      {"*;q=0.1, identity;q=0.5", kIdentity},
      {"identity;q=0, zstd;q=0.001", kZstd},
      {"br", kIdentity},
      {"gzip;q=2", kIdentity},
      {"gzip;level=3", kIdentity},
      {",, ,", kIdentity},
  };
  for (const auto& [header, coding] : cases) {
    const auto negotiated = NegotiateCoding(header, true);
    ASSERT_TRUE(negotiated.ok()) << header;
    EXPECT_EQ(*negotiated, coding) << header;
  }
  EXPECT_EQ(*NegotiateCoding("gzip, zstd", false), kIdentity);
  EXPECT_EQ(*NegotiateCoding("gzip, identity;q=0", false), kGzip);
  for (const std::string_view header : {"identity;q=0", "*;q=0", "br, *;q=0"}) {
    EXPECT_EQ(CodeOf(NegotiateCoding(header, true).status()), ErrorCode::kNotAcceptable) << header;
  }
}

class Pieces final : public codec::Encoder {
 public:
  Pieces(std::vector<std::string> pieces, Status end) : pieces_(std::move(pieces)), end_(end) {}
  Result<codec::Chunk> Next() override {
    if (next_ < pieces_.size()) return codec::Chunk{arrow::Buffer::FromString(pieces_[next_++])};
    ARROW_RETURN_NOT_OK(end_);
    return codec::Chunk{};
  }

 private:
  const std::vector<std::string> pieces_;
  const Status end_;
  size_t next_ = 0;
};

/// As much as can be read of it.
std::string Unpack(ContentCoding coding, const std::string& packed) {
  const auto type = coding == kZstd ? arrow::Compression::ZSTD : arrow::Compression::GZIP;
  const auto codec = arrow::util::Codec::Create(type).ValueOrDie();
  const auto decompressor = codec->MakeDecompressor().ValueOrDie();
  std::string plain;
  std::vector<uint8_t> room(1 << 16);
  size_t taken = 0;
  while (!decompressor->IsFinished()) {
    const auto* const in = reinterpret_cast<const uint8_t*>(packed.data()) + taken;
    const auto done = decompressor
                          ->Decompress(static_cast<int64_t>(packed.size() - taken), in,
                                       static_cast<int64_t>(room.size()), room.data())
                          .ValueOrDie();
    if (done.bytes_read == 0 && done.bytes_written == 0) break;
    plain.append(room.begin(), room.begin() + done.bytes_written);
    taken += static_cast<size_t>(done.bytes_read);
  }
  return plain;
}

TEST(CodedEncoder, EveryChunkCanBeReadWhenItIsThere) {
  for (const ContentCoding coding : {kZstd, kGzip}) {
    MemoryBudget budget(1 << 26);
    {
      std::string noise(300'000, ' ');
      for (size_t i = 0; i < noise.size(); ++i)
        noise[i] = static_cast<char>(i * i * 2654435761U >> 13);
      const std::vector<std::string> pieces = {"first", std::string(1'000'000, 'x'), noise};
      const auto encoder =
          MakeCodedEncoder(coding, std::make_unique<Pieces>(pieces, Status::OK()), &budget);
      std::string packed;
      std::string plain;
      for (const std::string& piece : pieces) {
        for (const auto& buffer : encoder->Next().ValueOrDie()) packed += buffer->ToString();
        plain += piece;
        EXPECT_TRUE(Unpack(coding, packed) == plain);
      }
      for (const auto& buffer : encoder->Next().ValueOrDie()) packed += buffer->ToString();
      EXPECT_TRUE(Unpack(coding, packed) == plain);
      EXPECT_TRUE(encoder->Next().ValueOrDie().empty());
      EXPECT_GT(budget.used_bytes(), 0);
    }
    EXPECT_EQ(budget.used_bytes(), 0);
  }
}

TEST(CodedEncoder, NoBytesAndErrorsArePassedOn) {
  MemoryBudget budget(1 << 26);
  const auto empty = MakeCodedEncoder(
      kZstd, std::make_unique<Pieces>(std::vector<std::string>{}, Status::OK()), &budget);
  std::string packed;
  for (const auto& buffer : empty->Next().ValueOrDie()) packed += buffer->ToString();
  EXPECT_EQ(Unpack(kZstd, packed), "");
  const auto failing = MakeCodedEncoder(
      kGzip, std::make_unique<Pieces>(std::vector<std::string>{"a"}, Status::IOError("no")),
      &budget);
  EXPECT_TRUE(failing->Next().ok());
  EXPECT_TRUE(failing->Next().status().IsIOError());
  EXPECT_TRUE(failing->Next().status().IsIOError());
  MemoryBudget small(1000);
  const auto refused = MakeCodedEncoder(
      kGzip, std::make_unique<Pieces>(std::vector<std::string>{"a"}, Status::OK()), &small);
  EXPECT_EQ(CodeOf(refused->Next().status()), ErrorCode::kMemoryLimit);
}

}  // namespace
}  // namespace headrace::server
