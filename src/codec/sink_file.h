#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "codec/format_writer.h"
#include "codec/sink_stream.h"

namespace headrace::codec {

/// A stream with a format, and for compressed text a codec, on top of it. Without Finish() nothing
/// more is written on destruction. Thread rule: one thread at a time.
class SinkFile {
 public:
  static Result<std::unique_ptr<SinkFile>> Make(std::unique_ptr<SinkStream> stream,
                                                const std::shared_ptr<arrow::Schema>& schema,
                                                const SinkContext& context);
  SinkFile(const SinkFile&) = delete;
  SinkFile& operator=(const SinkFile&) = delete;
  ~SinkFile();

  /// Where the format has row groups or record batches, one of them.
  Status WriteRows(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches);
  /// All is handed to the system afterwards.
  Status Finish();

  int64_t bytes_written() const noexcept { return stream_->bytes_written(); }

 private:
  explicit SinkFile(std::unique_ptr<SinkStream> stream) : stream_(std::move(stream)) {}
  Status Begin(const std::shared_ptr<arrow::Schema>& schema, const SinkContext& context);

  std::unique_ptr<SinkStream> stream_;
  Reservation codec_memory_;
  std::shared_ptr<arrow::io::OutputStream> compressed_;  // none: not compressed as a whole
  std::unique_ptr<FormatWriter> writer_;
};

/// Options for a stream of its share of the memory.
SinkStreamOptions StreamOptions(std::string name, const SinkContext& context);

}  // namespace headrace::codec
