#include "scan/text_blocks.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/compression.h>
#include <arrow/util/delimiting.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "scan/input_file.h"
#include "scan/parquet_border.h"

namespace headrace::scan {
namespace {

constexpr int64_t kSmallestBlock = 32 << 10;
constexpr int64_t kLargestBlock = 1 << 20;
constexpr int64_t kLargestSample = 2 << 20;
constexpr int64_t kBlocksOfLimit = 64;
constexpr int64_t kMostBlocksOfRow = 16;
constexpr int64_t kThreadBlocks = 10;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsEmpty(std::string_view text) {
  return text.find_first_not_of("\r\n") == std::string_view::npos;
}

}  // namespace

int64_t TextBlockBytes(int64_t limit_bytes) {
  return std::clamp(limit_bytes / kBlocksOfLimit, kSmallestBlock, kLargestBlock);
}

int64_t TextSampleBytes(int64_t limit_bytes) {
  return std::clamp(2 * limit_bytes / kBlocksOfLimit, kSmallestBlock, kLargestSample);
}

int64_t TextThreadBytes(int64_t block_bytes) { return kThreadBlocks * block_bytes; }

TextBlocks::~TextBlocks() = default;

Result<std::unique_ptr<TextBlocks>> TextBlocks::Open(const DataFile& file,
                                                     std::unique_ptr<arrow::Chunker> chunker,
                                                     int64_t block_bytes, arrow::MemoryPool* pool) {
  auto blocks = std::unique_ptr<TextBlocks>(new TextBlocks());
  blocks->path_ = file.path;
  blocks->pool_ = pool;
  blocks->chunker_ = std::move(chunker);
  blocks->block_bytes_ = block_bytes;
  ARROW_ASSIGN_OR_RAISE(blocks->input_, OpenInputFile(file.path, pool));
  if (file.kind.compression != FileCompression::kNone) {
    const auto type = file.kind.compression == FileCompression::kGzip ? arrow::Compression::GZIP
                                                                      : arrow::Compression::ZSTD;
    ARROW_ASSIGN_OR_RAISE(blocks->codec_, arrow::util::Codec::Create(type));
    ARROW_ASSIGN_OR_RAISE(blocks->input_, arrow::io::CompressedInputStream::Make(
                                              blocks->codec_.get(), blocks->input_, pool));
  }
  return blocks;
}

// What is left of the block before, and `bytes` more; fewer at the end of the file.
Result<std::shared_ptr<arrow::Buffer>> TextBlocks::Fill(int64_t bytes) {
  const int64_t kept = rest_ == nullptr ? 0 : rest_->size();
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(kept + bytes, pool_));
  if (kept > 0) std::memcpy(buffer->mutable_data(), rest_->data(), static_cast<size_t>(kept));
  rest_ = nullptr;
  int64_t filled = kept;
  while (filled < kept + bytes) {
    auto read = input_->Read(kept + bytes - filled, buffer->mutable_data() + filled);
    if (!read.ok()) {
      // A packed file that cannot be unpacked is damaged; else reading failed.
      const auto code = CodeOf(read.status());
      const bool damaged = codec_ != nullptr && code != ErrorCode::kMemoryLimit;
      return ErrorAt(damaged ? ErrorCode::kCorruptFile : code, {.path = path_},
                     read.status().message());
    }
    if (*read == 0) {
      ended_ = true;
      break;
    }
    filled += *read;
  }
  // The last row ends as the others do; there is room, for the file ended before the buffer.
  if (ended_ && filled > 0 && buffer->data()[filled - 1] != '\n') {
    buffer->mutable_data()[filled++] = '\n';
  }
  ARROW_RETURN_NOT_OK(buffer->Resize(filled, false));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

Result<std::optional<TextBlock>> TextBlocks::NextWhole() {
  int64_t bytes = block_bytes_;
  while (!ended_) {
    ARROW_ASSIGN_OR_RAISE(auto text, Fill(bytes));
    TextBlock block{.first_line = line_, .is_first = !begun_, .is_last = ended_};
    if (!begun_ && std::string_view(*text).starts_with(kByteOrderMark)) {
      text = arrow::SliceBuffer(text, static_cast<int64_t>(kByteOrderMark.size()));
    }
    begun_ = true;
    if (ended_) {
      block.text = std::move(text);
      return block;
    }
    ARROW_RETURN_NOT_OK(chunker_->Process(text, &block.text, &rest_));
    if (block.text->size() > 0) {
      line_ += std::count(block.text->data(), block.text->data() + block.text->size(), '\n');
      return block;
    }
    begun_ = !block.is_first;
    bytes = rest_->size();
    if (bytes > kMostBlocksOfRow * block_bytes_) {
      return ErrorAt(ErrorCode::kTooLarge, {.path = path_},
                     fmt::format("the row at line {} is longer than {}: is a quote not closed?",
                                 line_, FormatByteSize(bytes)));
    }
  }
  return std::nullopt;
}

Result<std::optional<TextBlock>> TextBlocks::Next() {
  bool is_first = false;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(auto block, NextWhole());
    if (!block) return block;
    is_first = is_first || block->is_first;
    if (IsEmpty(std::string_view(*block->text))) continue;
    block->is_first = is_first;
    return block;
  }
}

}  // namespace headrace::scan
