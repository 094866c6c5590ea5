#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "codec/format.h"
#include "headrace/status.h"

namespace headrace::codec {

/// Some bytes of an encoded result, to be sent one buffer after the other. Buffers may lie in the
/// columns themselves (Arrow formats are not copied); they keep what they lie in alive.
using Chunk = std::vector<std::shared_ptr<arrow::Buffer>>;

struct EncodeOptions {
  arrow::MemoryPool* pool = nullptr;  ///< none: Arrow's default
  /// Text formats gather about this much before they give a chunk.
  int64_t target_chunk_bytes = 1 << 20;
  IpcCompression ipc_compression = IpcCompression::kNone;  ///< of the Arrow formats
  /// Text and Parquet are made on Arrow's threads beside the one that pulls; the bytes are the
  /// same.
  bool use_threads = true;
};

/// Pulls a reader and gives bytes, a chunk at a time; only one batch and one chunk are held, and of
/// text what is made ahead: two parts of at most 256 KiB for each thread.
/// Thread rule: one thread at a time.
class Encoder {
 public:
  virtual ~Encoder() = default;
  /// The next bytes; an empty chunk at the end. An error is final: later calls give it again.
  /// The first batch is read before the first byte is given.
  virtual Result<Chunk> Next() = 0;
};

/// Nothing is read and nothing refused before the first Next().
Result<std::unique_ptr<Encoder>> MakeEncoder(Format format,
                                             std::shared_ptr<arrow::RecordBatchReader> reader,
                                             const EncodeOptions& options = {});

int64_t ChunkBytes(const Chunk& chunk) noexcept;

}  // namespace headrace::codec
