#include "codec/partitioned_files.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <arrow/record_batch.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/temporary_path.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

namespace fs = std::filesystem;

/// Formats without row groups: so many rows at a time.
constexpr int64_t kTextRows = 64 << 10;

}  // namespace

struct PartitionedFiles::OpenFile {
  OpenFile() = default;
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    file.reset();
    if (descriptor >= 0) ::close(descriptor);
  }
  std::string path;
  int descriptor = -1;
  std::unique_ptr<SinkFile> file;
};

struct PartitionedFiles::Partition {
  Partition(std::string name, arrow::MemoryPool* pool) : directory(std::move(name)), held(pool) {}
  std::string directory;
  RowGatherer held;
  int parts = 0;
  std::unique_ptr<OpenFile> file;
  std::list<Partition*>::iterator place;  // in open_, if there is a file
};

PartitionedFiles::PartitionedFiles(fs::path root, std::shared_ptr<arrow::Schema> schema,
                                   const SinkContext& context)
    : root_(std::move(root)),
      schema_(std::move(schema)),
      context_(context),
      limits_(LimitsOf(context)) {}

PartitionedFiles::~PartitionedFiles() = default;

Status PartitionedFiles::Add(const std::string& directory,
                             const std::shared_ptr<arrow::RecordBatch>& rows,
                             RowGatherer::Source source) {
  ARROW_ASSIGN_OR_RAISE(Partition* const partition, Find(directory));
  const int64_t full = limits_.rows > 0 ? limits_.rows : kTextRows;
  for (int64_t row = 0; row < rows->num_rows();) {
    const int64_t count = std::min(rows->num_rows() - row, full - partition->held.num_rows());
    const bool is_all = count == rows->num_rows();
    const int64_t held_before = partition->held.bytes();
    // A piece would hold all of the rows.
    ARROW_RETURN_NOT_OK(partition->held.Add(is_all ? rows : rows->Slice(row, count),
                                            is_all ? source : RowGatherer::Source::kBorrowed));
    held_bytes_ += partition->held.bytes() - held_before;
    row += count;
    if (partition->held.num_rows() == full) ARROW_RETURN_NOT_OK(WriteHeld(partition));
  }
  return held_bytes_ > limits_.bytes ? WriteLargest() : Status::OK();
}

Status PartitionedFiles::AddEmpty() {
  ARROW_ASSIGN_OR_RAISE(Partition* const partition, Find(""));
  ARROW_RETURN_NOT_OK(Open(partition));
  return Close(partition);
}

Result<PartitionedFiles::Partition*> PartitionedFiles::Find(const std::string& directory) {
  if (const auto found = by_directory_.find(directory); found != by_directory_.end()) {
    return found->second;
  }
  if (partitions() >= context_.options.max_partitions) {
    return MakeError(ErrorCode::kTooLarge,
                     fmt::format("'{}' would be partition {}, and the limit is {}: partition by a "
                                 "column with fewer values, or raise max_partitions",
                                 directory, partitions() + 1, context_.options.max_partitions),
                     {"partition_by"});
  }
  std::error_code error;
  fs::create_directories(root_ / directory, error);
  if (error) return FileError("create", root_ / directory, error.value());
  partitions_.push_back(std::make_unique<Partition>(directory, context_.share));
  return by_directory_[directory] = partitions_.back().get();
}

// Down to a half, so that it does not have to be done again for the next batch.
Status PartitionedFiles::WriteLargest() {
  std::vector<Partition*> largest;
  for (const auto& partition : partitions_) {
    if (partition->held.num_rows() > 0) largest.push_back(partition.get());
  }
  std::stable_sort(largest.begin(), largest.end(), [](const Partition* a, const Partition* b) {
    return a->held.bytes() > b->held.bytes();
  });
  for (Partition* const partition : largest) {
    if (held_bytes_ <= limits_.bytes / 2) break;
    ARROW_RETURN_NOT_OK(WriteHeld(partition));
  }
  return Status::OK();
}

Status PartitionedFiles::WriteHeld(Partition* partition) {
  if (partition->held.num_rows() == 0) return Status::OK();
  if (partition->file == nullptr) {
    ARROW_RETURN_NOT_OK(Open(partition));
  }
  open_.splice(open_.begin(), open_, partition->place);
  held_bytes_ -= partition->held.bytes();
  return partition->file->file->WriteRows(partition->held.Take());
}

Status PartitionedFiles::Open(Partition* partition) {
  while (static_cast<int>(open_.size()) >= std::max(context_.options.max_open_files, 1)) {
    ARROW_RETURN_NOT_OK(Close(open_.back()));
  }
  auto file = std::make_unique<OpenFile>();
  file->path = root_ / partition->directory /
               fmt::format("part-{}{}", partition->parts++, ExtensionOf(context_.encoding));
  file->descriptor = ::open(file->path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file->descriptor < 0) return FileError("create", file->path, errno);
  ARROW_ASSIGN_OR_RAISE(
      auto stream, MakeDescriptorStream(file->descriptor, StreamOptions(file->path, context_)));
  ARROW_ASSIGN_OR_RAISE(file->file, SinkFile::Make(std::move(stream), schema_, context_));
  partition->file = std::move(file);
  open_.push_front(partition);
  partition->place = open_.begin();
  ++files_;
  return Status::OK();
}

Status PartitionedFiles::Close(Partition* partition) {
  open_.erase(partition->place);
  const auto file = std::move(partition->file);
  ARROW_RETURN_NOT_OK(file->file->Finish());
  closed_bytes_ += file->file->bytes_written();
  file->file.reset();
  if (context_.options.sync && ::fsync(file->descriptor) != 0) {
    return FileError("write", file->path, errno);
  }
  if (::close(std::exchange(file->descriptor, -1)) != 0) {
    return FileError("write", file->path, errno);
  }
  return Status::OK();
}

Status PartitionedFiles::Finish() {
  for (const auto& partition : partitions_) {
    ARROW_RETURN_NOT_OK(WriteHeld(partition.get()));
    if (partition->file != nullptr) ARROW_RETURN_NOT_OK(Close(partition.get()));
    if (context_.options.sync) SyncDirectory(root_ / partition->directory);
  }
  return Status::OK();
}

int64_t PartitionedFiles::bytes_written() const noexcept {
  int64_t bytes = closed_bytes_;
  for (const Partition* partition : open_) bytes += partition->file->file->bytes_written();
  return bytes;
}

}  // namespace headrace::codec
