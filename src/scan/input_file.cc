#include "scan/input_file.h"

#include <utility>

#include <arrow/buffer.h>
#include <arrow/filesystem/localfs.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/future.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::scan {
namespace {

class SynchronousFile final : public arrow::io::RandomAccessFile {
 public:
  explicit SynchronousFile(std::shared_ptr<arrow::io::RandomAccessFile> file)
      : file_(std::move(file)) {}
  ~SynchronousFile() override = default;

  arrow::Status Close() override { return file_->Close(); }
  bool closed() const override { return file_->closed(); }
  arrow::Result<int64_t> Tell() const override { return file_->Tell(); }
  arrow::Status Seek(int64_t position) override { return file_->Seek(position); }
  arrow::Result<int64_t> GetSize() override { return file_->GetSize(); }
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override { return file_->Read(bytes, out); }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override {
    return file_->Read(bytes);
  }
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override {
    return file_->ReadAt(position, bytes, out);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t bytes) override {
    return file_->ReadAt(position, bytes);
  }
  using FutureBuffer = arrow::Future<std::shared_ptr<arrow::Buffer>>;
  FutureBuffer ReadAsync(const arrow::io::IOContext& /*context*/, int64_t position,
                         int64_t bytes) override {
    return FutureBuffer::MakeFinished(file_->ReadAt(position, bytes));
  }
  FutureBuffer ReadAsync(const arrow::io::IOContext& /*context*/, int64_t position, int64_t bytes,
                         bool allow_short_read) override {
    return FutureBuffer::MakeFinished(file_->ReadAt(position, bytes, allow_short_read));
  }
  arrow::Status WillNeed(const std::vector<arrow::io::ReadRange>& ranges) override {
    return file_->WillNeed(ranges);
  }

 private:
  const std::shared_ptr<arrow::io::RandomAccessFile> file_;
};

}  // namespace

Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInputFile(const std::string& path,
                                                                   arrow::MemoryPool* pool) {
  arrow::fs::LocalFileSystem files{arrow::io::IOContext(pool)};
  auto opened = files.OpenInputFile(path);
  if (opened.ok()) return std::make_shared<SynchronousFile>(std::move(*opened));
  return MakeError(ErrorCode::kIOError,
                   fmt::format("{} cannot be opened: {}", path, opened.status().message()), {path});
}

}  // namespace headrace::scan
