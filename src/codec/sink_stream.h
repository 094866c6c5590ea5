#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include <arrow/io/interfaces.h>

#include "headrace/status.h"

namespace headrace::codec {

/// What the file writers write to: gathers small pieces, counts, and stops when it is asked to. The
/// first failure is final. After Abandon() all is thrown away and nothing fails, so that Arrow's
/// writers, which write a footer in their destructors, can be destroyed at any time.
/// Thread rule: one thread at a time.
class SinkStream : public arrow::io::OutputStream {
 public:
  ~SinkStream() override;
  using OutputStream::Write;
  Status Write(const void* data, int64_t num_bytes) final;
  Status Flush() final;
  /// Flushes; what lies below stays open.
  Status Close() final;
  bool closed() const final { return closed_; }
  Result<int64_t> Tell() const final { return position_; }

  int64_t bytes_written() const noexcept { return position_; }
  void Abandon() noexcept { abandoned_ = true; }

 protected:
  SinkStream(std::unique_ptr<arrow::ResizableBuffer> buffer, std::stop_token stop);
  virtual Status WriteAll(const uint8_t* data, int64_t num_bytes) = 0;
  const std::stop_token& stop() const noexcept { return stop_; }

 private:
  Status Emit(const uint8_t* data, int64_t num_bytes);

  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  std::stop_token stop_;
  int64_t buffered_bytes_ = 0;
  int64_t position_ = 0;
  Status status_;
  bool abandoned_ = false;
  bool closed_ = false;
};

struct SinkStreamOptions {
  std::string name;  ///< in errors
  int64_t buffer_bytes;
  arrow::MemoryPool* pool;
  std::stop_token stop;
};

/// Both borrow what they write to.
Result<std::unique_ptr<SinkStream>> MakeDescriptorStream(int descriptor, SinkStreamOptions options);
Result<std::unique_ptr<SinkStream>> MakeForwardingStream(arrow::io::OutputStream* target,
                                                         SinkStreamOptions options);

/// "cannot <action> '<name>': <what errno says>": kIOError, or kCancelled for a closed pipe.
Status FileError(const std::string& action, const std::string& name, int error_number);

}  // namespace headrace::codec
