#include "codec/sink_stream.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/util/io_util.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

/// A single write() of more is refused by some kernels, and a cancel should not have to wait for
/// it.
constexpr int64_t kMaxWriteBytes = 8 << 20;
/// How often a pipe that nobody reads is left to see whether the caller has cancelled.
constexpr int kPollMs = 100;

Status Cancelled(const std::string& name) {
  return MakeError(ErrorCode::kCancelled, fmt::format("writing '{}' was cancelled", name));
}

/// Writing to a pipe whose other end is gone raises SIGPIPE, which would end the process. It is
/// held back on this thread, and taken out if it was this write that raised it.
class PipeSignalGuard {
 public:
  explicit PipeSignalGuard(bool needed) noexcept : needed_(needed) {
    if (!needed_) return;
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  PipeSignalGuard(const PipeSignalGuard&) = delete;
  PipeSignalGuard& operator=(const PipeSignalGuard&) = delete;
  ~PipeSignalGuard() {
    if (!needed_) return;
    if (raised_ && !was_pending_) {
      const timespec none = {};
      while (sigtimedwait(&pipe_, nullptr, &none) == -1 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  void Raised() noexcept { raised_ = true; }

 private:
  const bool needed_;
  bool was_pending_ = false;
  bool raised_ = false;
  sigset_t pipe_;
  sigset_t before_;
};

class DescriptorStream final : public SinkStream {
 public:
  DescriptorStream(int descriptor, std::unique_ptr<arrow::ResizableBuffer> buffer,
                   SinkStreamOptions options)
      : SinkStream(std::move(buffer), std::move(options.stop)),
        descriptor_(descriptor),
        name_(std::move(options.name)) {
    struct stat info = {};
    may_be_pipe_ = fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode);
  }

 private:
  Status WriteAll(const uint8_t* data, int64_t num_bytes) override {
    PipeSignalGuard guard(may_be_pipe_);
    while (num_bytes > 0) {
      if (stop().stop_requested()) return Cancelled(name_);
      const ssize_t written = ::write(descriptor_, data, std::min(num_bytes, kMaxWriteBytes));
      if (written >= 0) {
        data += written;
        num_bytes -= written;
        continue;
      }
      const int error = errno;
      if (error == EPIPE) guard.Raised();
      if (error == EAGAIN || error == EWOULDBLOCK) {
        pollfd waiting = {.fd = descriptor_, .events = POLLOUT, .revents = 0};
        ::poll(&waiting, 1, kPollMs);
      } else if (error != EINTR) {
        return FileError("write", name_, error);
      }
    }
    return Status::OK();
  }

  const int descriptor_;
  const std::string name_;
  bool may_be_pipe_ = false;
};

class ForwardingStream final : public SinkStream {
 public:
  ForwardingStream(arrow::io::OutputStream* target, std::unique_ptr<arrow::ResizableBuffer> buffer,
                   SinkStreamOptions options)
      : SinkStream(std::move(buffer), std::move(options.stop)),
        target_(target),
        name_(std::move(options.name)) {}

 private:
  Status WriteAll(const uint8_t* data, int64_t num_bytes) override {
    if (stop().stop_requested()) return Cancelled(name_);
    const Status status = target_->Write(data, num_bytes);
    if (!status.ok() && arrow::internal::ErrnoFromStatus(status) == EPIPE) {
      return FileError("write", name_, EPIPE);
    }
    return status;
  }

  arrow::io::OutputStream* const target_;
  const std::string name_;
};

template <typename Stream, typename Target>
Result<std::unique_ptr<SinkStream>> Make(Target target, SinkStreamOptions options) {
  ARROW_ASSIGN_OR_RAISE(auto buffer,
                        arrow::AllocateResizableBuffer(options.buffer_bytes, options.pool));
  return std::make_unique<Stream>(target, std::move(buffer), std::move(options));
}

}  // namespace

SinkStream::SinkStream(std::unique_ptr<arrow::ResizableBuffer> buffer, std::stop_token stop)
    : buffer_(std::move(buffer)), stop_(std::move(stop)) {}

SinkStream::~SinkStream() = default;

Status SinkStream::Write(const void* data, int64_t num_bytes) {
  position_ += num_bytes;
  if (abandoned_ || num_bytes == 0) return Status::OK();
  if (num_bytes > buffer_->size() - buffered_bytes_) {
    ARROW_RETURN_NOT_OK(Flush());
  }
  const auto* const bytes = static_cast<const uint8_t*>(data);
  if (num_bytes >= buffer_->size()) {
    return Emit(bytes, num_bytes);
  }
  ARROW_RETURN_NOT_OK(status_);
  std::memcpy(buffer_->mutable_data() + buffered_bytes_, bytes, static_cast<size_t>(num_bytes));
  buffered_bytes_ += num_bytes;
  return Status::OK();
}

Status SinkStream::Flush() { return Emit(buffer_->data(), std::exchange(buffered_bytes_, 0)); }

Status SinkStream::Close() {
  closed_ = true;
  return Flush();
}

Status SinkStream::Emit(const uint8_t* data, int64_t num_bytes) {
  if (!abandoned_ && status_.ok() && num_bytes > 0) {
    status_ = WriteAll(data, num_bytes);
  }
  return abandoned_ ? Status::OK() : status_;
}

Result<std::unique_ptr<SinkStream>> MakeDescriptorStream(int descriptor,
                                                         SinkStreamOptions options) {
  return Make<DescriptorStream>(descriptor, std::move(options));
}

Result<std::unique_ptr<SinkStream>> MakeForwardingStream(arrow::io::OutputStream* target,
                                                         SinkStreamOptions options) {
  return Make<ForwardingStream>(target, std::move(options));
}

Status FileError(const std::string& action, const std::string& name, int error_number) {
  if (error_number == EPIPE) {
    return MakeError(ErrorCode::kCancelled, fmt::format("nobody reads '{}' any more", name));
  }
  return MakeError(ErrorCode::kIOError,
                   fmt::format("cannot {} '{}': {}", action, name,
                               std::generic_category().message(error_number)),
                   {name});
}

}  // namespace headrace::codec
