#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>
#include <arrow/util/type_fwd.h>

#include "headrace/status.h"

namespace headrace::scan {

/// Decompresses one page after the other with one context. The library makes a context of its own
/// for each ZSTD page, which takes a tenth of the time of a scan; other codecs have none.
/// Thread rule: one thread at a time.
class PageUnpacker {
 public:
  /// Null for codecs of which the library makes as much.
  static Result<std::unique_ptr<PageUnpacker>> Make(arrow::Compression::type codec,
                                                    arrow::MemoryPool* pool);
  ~PageUnpacker();

  /// The page, of which the first `plain` bytes are not packed. `unpacked` is the size that its
  /// header gives; -1: not known. The bytes are valid until the next call or Release().
  /// kCorruptFile for others than one whole frame of that size; kMemoryLimit.
  Result<std::shared_ptr<arrow::Buffer>> Unpack(const uint8_t* page, int64_t bytes, int64_t plain,
                                                int64_t unpacked);

  /// Gives its memory back.
  void Release();

 private:
  PageUnpacker(std::unique_ptr<arrow::util::Codec> codec,
               std::shared_ptr<arrow::util::Decompressor> context, arrow::MemoryPool* pool);
  Status Reserve(int64_t bytes);

  const std::unique_ptr<arrow::util::Codec> codec_;
  const std::shared_ptr<arrow::util::Decompressor> context_;
  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::ResizableBuffer> buffer_;
};

}  // namespace headrace::scan
