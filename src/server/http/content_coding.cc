#include "server/http/content_coding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/util/compression.h>

#include "base/trim.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "server/http/media_type.h"

namespace headrace::server {
namespace {

constexpr std::array kCodings = {ContentCoding::kZstd, ContentCoding::kGzip,
                                 ContentCoding::kIdentity};
// The quickest level of each: a body is packed once for each time that it is sent.
constexpr int kLevel = 1;
// What a compressor of that level holds by itself.
constexpr int64_t kCompressorBytes = 2 << 20;
constexpr int64_t kLeastOutputBytes = 4 << 10;

/// "gzip;q=0.5"; what is malformed weighs nothing.
std::pair<std::string, double> ReadWeighted(std::string_view text) {
  const size_t end = std::min(text.find(';'), text.size());
  std::string name = MediaType(base::Trim(text.substr(0, end), base::kBlanks));
  std::string_view rest = base::Trim(text.substr(std::min(end + 1, text.size())), base::kBlanks);
  if (rest.empty()) return {std::move(name), 1};
  double q = 0;
  if (!rest.starts_with("q=") && !rest.starts_with("Q=")) return {std::move(name), 0};
  rest.remove_prefix(2);
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), q);
  const bool good = error == std::errc{} && stop == rest.data() + rest.size() && q >= 0 && q <= 1;
  return {std::move(name), good ? q : 0};
}

class CodedEncoder final : public codec::Encoder {
 public:
  CodedEncoder(ContentCoding coding, std::unique_ptr<codec::Encoder> encoder, MemoryBudget* budget)
      : coding_(coding),
        encoder_(std::move(encoder)),
        budget_(budget),
        held_(budget->Reserve("http")) {}

  Result<codec::Chunk> Next() override {
    if (!status_.ok()) return status_;
    auto chunk = Make();
    status_ = chunk.status();
    return chunk;
  }

 private:
  Result<codec::Chunk> Make() {
    if (ended_) return codec::Chunk{};
    ARROW_ASSIGN_OR_RAISE(const codec::Chunk plain, encoder_->Next());
    if (compressor_ == nullptr) ARROW_RETURN_NOT_OK(Begin());
    ended_ = plain.empty();
    ARROW_RETURN_NOT_OK(Room(codec::ChunkBytes(plain) / 4 + kLeastOutputBytes));
    for (const auto& piece : plain) ARROW_RETURN_NOT_OK(Pack(*piece));
    ARROW_RETURN_NOT_OK(Drain());
    ARROW_RETURN_NOT_OK(out_->Resize(size_, true));
    size_ = 0;
    return codec::Chunk{std::exchange(out_, nullptr)};
  }

  Status Begin() {
    ARROW_RETURN_NOT_OK(held_.Resize(kCompressorBytes));
    const auto type =
        coding_ == ContentCoding::kZstd ? arrow::Compression::ZSTD : arrow::Compression::GZIP;
    ARROW_ASSIGN_OR_RAISE(codec_, arrow::util::Codec::Create(type, kLevel));
    return codec_->MakeCompressor().Value(&compressor_);
  }

  Status Room(int64_t bytes) {
    if (out_ == nullptr) return arrow::AllocateResizableBuffer(bytes, budget_).Value(&out_);
    return out_->Resize(std::max(out_->size() * 2, bytes), false);
  }

  Status Pack(const arrow::Buffer& piece) {
    const uint8_t* in = piece.data();
    int64_t left = piece.size();
    while (left > 0) {
      ARROW_ASSIGN_OR_RAISE(const auto done, compressor_->Compress(left, in, out_->size() - size_,
                                                                   out_->mutable_data() + size_));
      in += done.bytes_read;
      left -= done.bytes_read;
      size_ += done.bytes_written;
      if (left > 0 && done.bytes_read == 0) ARROW_RETURN_NOT_OK(Room(0));
    }
    return Status::OK();
  }

  /// What the compressor holds back comes out, or all of it at the end.
  Status Drain() {
    while (true) {
      const int64_t room = out_->size() - size_;
      uint8_t* const at = out_->mutable_data() + size_;
      bool again = false;
      if (ended_) {
        ARROW_ASSIGN_OR_RAISE(const auto done, compressor_->End(room, at));
        size_ += done.bytes_written;
        again = done.should_retry;
      } else {
        ARROW_ASSIGN_OR_RAISE(const auto done, compressor_->Flush(room, at));
        size_ += done.bytes_written;
        again = done.should_retry;
      }
      if (!again) return Status::OK();
      ARROW_RETURN_NOT_OK(Room(0));
    }
  }

  const ContentCoding coding_;
  const std::unique_ptr<codec::Encoder> encoder_;
  MemoryBudget* const budget_;
  Reservation held_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::util::Compressor> compressor_;
  std::unique_ptr<arrow::ResizableBuffer> out_;
  int64_t size_ = 0;  // of out_, in use
  bool ended_ = false;
  Status status_;
};

}  // namespace

std::string_view NameOf(ContentCoding coding) noexcept {
  switch (coding) {
    case ContentCoding::kZstd: return "zstd";
    case ContentCoding::kGzip: return "gzip";
    case ContentCoding::kIdentity: break;
  }
  return "identity";
}

Result<ContentCoding> NegotiateCoding(std::string_view accept_encoding, bool worthwhile) {
  std::array<double, kCodings.size()> weights = {0, 0, -1};
  double others = -1;
  while (!accept_encoding.empty()) {
    const std::string_view text = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(accept_encoding.size(), text.size() + 1));
    if (base::Trim(text, base::kBlanks).empty()) continue;
    const auto [name, q] = ReadWeighted(text);
    if (name == "*") others = q;
    for (size_t i = 0; i < kCodings.size(); ++i) {
      if (name == NameOf(kCodings[i]) ||
          (name == "x-gzip" && kCodings[i] == ContentCoding::kGzip)) {
        // Beside `*`, a coding that is named with 0 stays refused.
        weights[i] = q > 0 ? q : -2;
      }
    }
  }
  for (double& weight : weights) {
    if (weight == 0 && others > 0) weight = others;
  }
  // Identity needs no mention, unless it or everything is refused.
  const bool identity_refused = weights[2] == -2 || (weights[2] == -1 && others == 0);
  if (weights[2] < 0) weights[2] = identity_refused ? 0 : 1e-9;
  if (!worthwhile && !identity_refused) return ContentCoding::kIdentity;
  const auto best = std::max_element(weights.begin(), weights.end());
  if (*best > 0) return kCodings[static_cast<size_t>(best - weights.begin())];
  return MakeError(ErrorCode::kNotAcceptable,
                   "none of the codings asked for can be made; there are zstd, gzip, identity",
                   {"accept-encoding"});
}

std::unique_ptr<codec::Encoder> MakeCodedEncoder(ContentCoding coding,
                                                 std::unique_ptr<codec::Encoder> encoder,
                                                 MemoryBudget* budget) {
  return std::make_unique<CodedEncoder>(coding, std::move(encoder), budget);
}

}  // namespace headrace::server
