#include "delivery/table_output.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "codec/encoder.h"
#include "headrace/error_code.h"

namespace headrace::delivery {
namespace {

Status Failed(const std::string& path, int error) {
  if (error == EPIPE) return MakeError(ErrorCode::kCancelled, "the reader of the output left");
  return MakeError(ErrorCode::kIOError,
                   fmt::format("cannot write '{}': {}", path, std::strerror(error)), {path});
}

Status WriteAll(int descriptor, const arrow::Buffer& buffer, const std::string& path) {
  const uint8_t* at = buffer.data();
  int64_t left = buffer.size();
  while (left > 0) {
    const ssize_t written = ::write(descriptor, at, static_cast<size_t>(left));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed(path, errno);
    at += written;
    left -= written;
  }
  return Status::OK();
}

Result<int64_t> Write(std::shared_ptr<arrow::RecordBatchReader> reader, int descriptor,
                      const std::string& path, codec::Format format, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto encoder,
                        codec::MakeEncoder(format, std::move(reader), {.pool = pool}));
  int64_t bytes = 0;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const codec::Chunk chunk, encoder->Next());
    if (chunk.empty()) return bytes;
    for (const auto& buffer : chunk) ARROW_RETURN_NOT_OK(WriteAll(descriptor, *buffer, path));
    bytes += codec::ChunkBytes(chunk);
  }
}

/// A file in the making: gone unless it was finished.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(std::string path) : path_(std::move(path)) {
    const std::filesystem::path whole(path_);
    const std::string name = fmt::format(".{}.{}.part", whole.filename().string(), getpid());
    temporary_ = (whole.parent_path() / name).string();
  }
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;
  ~UnfinishedFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
  }

  Result<int> Open() {
    constexpr int kMode = 0666;  // what the umask leaves of it
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
    if (descriptor_ < 0) return Failed(path_, errno);
    return descriptor_;
  }

  Status Finish() {
    if (::fsync(descriptor_) != 0) return Failed(path_, errno);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return Failed(path_, errno);
    const int closed = ::close(std::exchange(descriptor_, -1));
    return closed == 0 ? Status::OK() : Failed(path_, errno);
  }

 private:
  const std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
};

}  // namespace

Result<int64_t> WriteTable(std::shared_ptr<arrow::RecordBatchReader> reader,
                           const TableOutput& output, arrow::MemoryPool* pool) {
  if (output.path.empty()) {
    return Write(std::move(reader), output.descriptor, "the output", output.format, pool);
  }
  UnfinishedFile file(output.path);
  ARROW_ASSIGN_OR_RAISE(const int descriptor, file.Open());
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes,
                        Write(std::move(reader), descriptor, output.path, output.format, pool));
  ARROW_RETURN_NOT_OK(file.Finish());
  return bytes;
}

}  // namespace headrace::delivery
