#pragma once

#include <cstdint>
#include <memory>

#include <arrow/ipc/options.h>
#include <arrow/type_fwd.h>

#include "codec/chunk_stream.h"
#include "codec/encoder.h"

namespace headrace::codec {

/// What all encoders share: pulls batches, has them written to a ChunkStream, and hands over what
/// has gathered there. A format says how it begins, how it writes a batch, and how it ends.
class BatchEncoder : public Encoder {
 public:
  Result<Chunk> Next() final;

 protected:
  struct Pace {
    int64_t chunk_bytes;  ///< a chunk is given as soon as it holds this much
    bool split_batches;   ///< batches may be written in parts, to keep chunks near chunk_bytes
  };
  BatchEncoder(std::shared_ptr<arrow::RecordBatchReader> reader, const EncodeOptions& options,
               Pace pace);

  virtual Status Begin(const std::shared_ptr<arrow::Schema>& schema) = 0;
  virtual Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) = 0;
  virtual Status End() = 0;

  ChunkStream& stream() noexcept { return *stream_; }
  arrow::MemoryPool* pool() const noexcept { return pool_; }

 private:
  Status Advance();
  Status WritePart();

  std::shared_ptr<arrow::RecordBatchReader> reader_;
  arrow::MemoryPool* pool_;
  Pace pace_;
  std::unique_ptr<ChunkStream> stream_;
  std::shared_ptr<arrow::RecordBatch> batch_;  // being written
  int64_t next_row_ = 0;                       // of batch_
  int64_t part_rows_;
  bool begun_ = false;
  bool ended_ = false;
  Status status_;
};

/// One factory for each format, each in its own file.
using EncoderFactory = std::unique_ptr<Encoder>(std::shared_ptr<arrow::RecordBatchReader>,
                                                const EncodeOptions&);
EncoderFactory MakeArrowStreamEncoder;
EncoderFactory MakeArrowFileEncoder;
EncoderFactory MakeParquetEncoder;
EncoderFactory MakeCsvEncoder;
EncoderFactory MakeNdjsonEncoder;
EncoderFactory MakeJsonRowsEncoder;
EncoderFactory MakeJsonColumnsEncoder;

/// What Arrow's IPC writers are given.
Result<arrow::ipc::IpcWriteOptions> IpcOptions(const EncodeOptions& options,
                                               arrow::MemoryPool* pool);

}  // namespace headrace::codec
