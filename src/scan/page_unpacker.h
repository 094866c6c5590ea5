#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>
#include <arrow/util/type_fwd.h>

#include "headrace/status.h"

namespace headrace::scan {

/// Decompresses one page after the other, all with one context for each thread. The library makes a
/// context for each ZSTD page, which takes a tenth of the time of a scan; other codecs have none.
/// One for each column would be 160 KB a column that no budget sees.
/// Thread rule: one thread at a time, not always the same.
class PageUnpacker {
 public:
  /// Null for codecs of which the library makes as much.
  static std::unique_ptr<PageUnpacker> Make(arrow::Compression::type codec,
                                            arrow::MemoryPool* pool);

  /// The page, of which the first `plain` bytes are not packed. `unpacked` is the size that its
  /// header gives; -1: not known. The bytes are valid until the next call or Release().
  /// kCorruptFile for others than one whole frame of that size; kMemoryLimit.
  Result<std::shared_ptr<arrow::Buffer>> Unpack(const uint8_t* page, int64_t bytes, int64_t plain,
                                                int64_t unpacked);

  /// Gives its memory back.
  void Release();

 private:
  explicit PageUnpacker(arrow::MemoryPool* pool) : pool_(pool) {}
  Status Reserve(int64_t bytes);

  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::ResizableBuffer> buffer_;
};

}  // namespace headrace::scan
