#pragma once

#include <cstdint>
#include <memory>

#include <arrow/buffer_builder.h>
#include <arrow/io/interfaces.h>

#include "codec/encoder.h"

namespace headrace::codec {

/// An output stream that keeps what is written as a Chunk. Whole buffers are kept as they are, so
/// that Arrow's own IPC writers become writers that copy no column; small pieces are gathered in
/// between, so that a chunk has few buffers. Thread rule: one thread at a time.
class ChunkStream final : public arrow::io::OutputStream {
 public:
  explicit ChunkStream(arrow::MemoryPool* pool);
  ~ChunkStream() override;

  using OutputStream::Write;
  Status Write(const void* data, int64_t nbytes) override;
  Status Write(const std::shared_ptr<arrow::Buffer>& data) override;

  /// Room for text that is written in place; for the text formats.
  arrow::BufferBuilder& text() noexcept { return gathered_; }

  Status Close() override;
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return taken_ + pending_bytes(); }

  /// Bytes written since the last Take().
  int64_t pending_bytes() const noexcept { return whole_bytes_ + gathered_.length(); }

  /// Hands over what was written since the last Take(); empty if nothing was.
  Result<Chunk> Take();

 private:
  Status FlushGathered();

  arrow::BufferBuilder gathered_;
  Chunk chunk_;
  int64_t whole_bytes_ = 0;  // in chunk_
  int64_t taken_ = 0;
  bool closed_ = false;
};

}  // namespace headrace::codec
