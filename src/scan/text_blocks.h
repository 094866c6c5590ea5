#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <arrow/type_fwd.h>

#include "headrace/memory_budget.h"
#include "headrace/status.h"
#include "scan/file_set.h"

namespace arrow {
class Chunker;
namespace io {
class InputStream;
}
namespace util {
class Codec;
}
}  // namespace arrow

namespace headrace::scan {

/// Whole rows of a text file, side by side.
struct TextBlock {
  std::shared_ptr<arrow::Buffer> text;
  int64_t first_line = 1;  ///< of the file, where the block begins
  bool is_first = false;
  bool is_last = false;
};

/// How large blocks are, and how much is read to learn a file's types, within a limit.
int64_t TextBlockBytes(int64_t limit_bytes);
int64_t TextSampleBytes(int64_t limit_bytes);
/// What a thread holds while it reads blocks of that size: the text, what the parser makes of it,
/// and columns, which are larger than the text where values are short.
int64_t TextThreadBytes(int64_t block_bytes);

/// Cuts a text file, packed or not, into blocks of whole rows. A byte order mark is passed over,
/// and so are blocks of empty lines. kCorruptFile if it cannot be unpacked, kTooLarge for a row of
/// more than 16 blocks. Thread rule: one thread at a time.
class TextBlocks {
 public:
  static Result<std::unique_ptr<TextBlocks>> Open(const DataFile& file,
                                                  std::unique_ptr<arrow::Chunker> chunker,
                                                  int64_t block_bytes, arrow::MemoryPool* pool);
  ~TextBlocks();

  /// The next block; none at the end.
  Result<std::optional<TextBlock>> Next();

 private:
  TextBlocks() = default;
  Result<std::optional<TextBlock>> NextWhole();
  Result<std::shared_ptr<arrow::Buffer>> Fill(int64_t bytes);

  std::string path_;
  arrow::MemoryPool* pool_ = nullptr;
  std::unique_ptr<arrow::util::Codec> codec_;  // of the input
  std::shared_ptr<arrow::io::InputStream> input_;
  std::unique_ptr<arrow::Chunker> chunker_;
  int64_t block_bytes_ = 0;
  std::shared_ptr<arrow::Buffer> rest_;  // the beginning of a row
  int64_t line_ = 1;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace headrace::scan
