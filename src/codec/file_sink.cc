#include "codec/file_sink.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <memory>
#include <new>
#include <utility>

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <parquet/exception.h>
#include <unistd.h>

#include "codec/format_writer.h"
#include "codec/partition_rows.h"
#include "codec/partitioned_files.h"
#include "codec/row_bytes.h"
#include "codec/row_gatherer.h"
#include "codec/sink_file.h"
#include "codec/temporary_path.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kDefaultLimitBytes = 256 << 20;
constexpr int64_t kMinLimitBytes = 1 << 20;
/// Rows of a batch that are divided among partitions at a time.
constexpr int64_t kSplitRows = 64 << 10;

Status Invalid(std::string option, std::string message) {
  return MakeError(ErrorCode::kInvalidArgument, std::move(message), {std::move(option)});
}

/// Foreign exceptions end here: parquet-cpp throws, and what it threw may carry a status of ours.
template <typename Body>
auto AtBorder(const FileSinkOptions& options, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const parquet::ParquetStatusException& error) {
    return error.status();
  } catch (const std::bad_alloc&) {
    return MakeError(ErrorCode::kMemoryLimit,
                     fmt::format("writing '{}': the system has no memory left", options.path));
  } catch (const std::exception& error) {
    return MakeError(ErrorCode::kInternal,
                     fmt::format("writing '{}': {}", options.path, error.what()));
  }
}

Result<int64_t> LimitBytes(const FileSinkOptions& options) {
  if (options.memory_limit_bytes != 0) {
    if (options.memory_limit_bytes >= kMinLimitBytes) return options.memory_limit_bytes;
    return Invalid(
        "memory_limit_bytes",
        fmt::format("a writer needs a memory limit of at least {}, not {}",
                    FormatByteSize(kMinLimitBytes), FormatByteSize(options.memory_limit_bytes)));
  }
  const auto* const budget = dynamic_cast<const MemoryBudget*>(options.pool);
  if (budget == nullptr) return kDefaultLimitBytes;
  return std::clamp(budget->limit_bytes() / 4, kMinLimitBytes, kDefaultLimitBytes);
}

Status CheckOptions(const FileSinkOptions& options) {
  const auto positive = [](const char* name, int64_t value) {
    return value > 0 ? Status::OK()
                     : Invalid(name, fmt::format("{} is {}, not above 0", name, value));
  };
  ARROW_RETURN_NOT_OK(positive("row_group_rows", options.parquet.row_group_rows));
  ARROW_RETURN_NOT_OK(positive("data_page_bytes", options.parquet.data_page_bytes));
  ARROW_RETURN_NOT_OK(positive("record_batch_rows", options.record_batch_rows));
  ARROW_RETURN_NOT_OK(positive("max_partitions", options.max_partitions));
  return positive("max_open_files", options.max_open_files);
}

/// The files of one call, and the rows that wait to be written.
class FileSink {
 public:
  FileSink(const FileSinkOptions& options, FileEncoding encoding, int64_t limit_bytes)
      : options_(options),
        share_(limit_bytes, options.pool != nullptr ? options.pool : arrow::default_memory_pool()),
        context_{.options = options_, .encoding = encoding, .share = &share_},
        limits_(LimitsOf(context_)),
        gathered_(&share_) {}

  Result<FileSinkReport> ToStream(arrow::RecordBatchReader& reader,
                                  arrow::io::OutputStream& stream) {
    ARROW_ASSIGN_OR_RAISE(auto sink,
                          MakeForwardingStream(&stream, StreamOptions(options_.path, context_)));
    return ToSink(reader, std::move(sink));
  }

  Result<FileSinkReport> ToDescriptor(arrow::RecordBatchReader& reader, int descriptor) {
    ARROW_ASSIGN_OR_RAISE(auto sink,
                          MakeDescriptorStream(descriptor, StreamOptions(options_.path, context_)));
    return ToSink(reader, std::move(sink));
  }

  Result<FileSinkReport> ToFile(arrow::RecordBatchReader& reader) {
    std::error_code error;
    const fs::file_status target = fs::status(options_.path, error);
    if (fs::is_directory(target)) {
      return FileError("write", options_.path, EISDIR);
    }
    if (fs::exists(target) && !fs::is_regular_file(target)) return ToDevice(reader);
    const bool replace = options_.overwrite.value_or(true);
    if (!replace && fs::exists(target)) {
      return MakeError(
          ErrorCode::kNameExists,
          fmt::format("'{}' exists; overwrite it, or take another name", options_.path),
          {options_.path});
    }
    ARROW_ASSIGN_OR_RAISE(const auto file,
                          TemporaryPath::Make(TemporaryPath::Kind::kFile, options_.path));
    ARROW_ASSIGN_OR_RAISE(auto report, ToDescriptor(reader, file->descriptor()));
    ARROW_RETURN_NOT_OK(file->Commit(replace, options_.sync));
    return report;
  }

  Result<FileSinkReport> ToDirectory(arrow::RecordBatchReader& reader) {
    ARROW_ASSIGN_OR_RAISE(const auto split,
                          PartitionRows::Make(reader.schema(), options_.partition_by, &share_));
    ARROW_RETURN_NOT_OK(CheckDirectory());
    ARROW_ASSIGN_OR_RAISE(const auto directory,
                          TemporaryPath::Make(TemporaryPath::Kind::kDirectory, options_.path));
    PartitionedFiles files(directory->path(), split.schema(), context_);
    ARROW_RETURN_NOT_OK(ForEachSlice(reader, [&](const auto& rows) -> Status {
      bool owned = false;
      ARROW_ASSIGN_OR_RAISE(const auto partitions, split.Split(*rows, &owned));
      for (const auto& partition : partitions) {
        ARROW_RETURN_NOT_OK(
            files.Add(partition.directory, partition.rows,
                      owned ? RowGatherer::Source::kOwned : RowGatherer::Source::kBorrowed));
      }
      report_.bytes = files.bytes_written();
      return Status::OK();
    }));
    ARROW_RETURN_NOT_OK(Explain(files.Finish()));
    report_.bytes = files.bytes_written();
    report_.files = files.files();
    report_.partitions = files.partitions();
    if (report_.rows == 0) {
      ARROW_RETURN_NOT_OK(WriteEmptyPart(reader.schema(), directory->path()));
    }
    report_.peak_bytes = share_.peak_bytes();
    ARROW_RETURN_NOT_OK(directory->Commit(options_.overwrite.value_or(false), options_.sync));
    return report_;
  }

 private:
  /// What is no regular file is written as it is: there is nothing to put in its place.
  Result<FileSinkReport> ToDevice(arrow::RecordBatchReader& reader) {
    const int descriptor = ::open(options_.path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return FileError("open", options_.path, errno);
    auto report = ToDescriptor(reader, descriptor);
    if (::close(descriptor) != 0 && report.ok()) return FileError("write", options_.path, errno);
    return report;
  }

  Result<FileSinkReport> ToSink(arrow::RecordBatchReader& reader,
                                std::unique_ptr<SinkStream> stream) {
    auto made = SinkFile::Make(std::move(stream), reader.schema(), context_);
    if (!made.ok()) return Explain(made.status());
    file_ = *std::move(made);
    Status status = ForEachSlice(reader, [&](const auto& rows) { return Append(rows); });
    if (status.ok()) status = Explain(WriteGathered());
    if (status.ok()) status = Explain(file_->Finish());
    report_.bytes = file_->bytes_written();
    report_.files = 1;
    report_.peak_bytes = share_.peak_bytes();
    file_.reset();
    ARROW_RETURN_NOT_OK(status);
    return report_;
  }

  /// Cuts batches so that no piece is more than what may be gathered.
  template <typename Take>
  Status ForEachSlice(arrow::RecordBatchReader& reader, Take&& take) {
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      if (options_.stop.stop_requested()) {
        return MakeError(ErrorCode::kCancelled,
                         fmt::format("writing '{}' was cancelled", options_.path));
      }
      ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
      if (batch == nullptr) return reader.Close();
      for (int64_t row = 0; row < batch->num_rows();) {
        const int64_t rows =
            RowsWithin(*batch, row, std::min(batch->num_rows() - row, RoomRows()), RoomBytes());
        ARROW_RETURN_NOT_OK(Explain(take(batch->Slice(row, rows))));
        row += rows;
      }
      report_.rows += batch->num_rows();
      if (file_ != nullptr) report_.bytes = file_->bytes_written();
      if (options_.on_progress) options_.on_progress({report_.rows, report_.bytes});
    }
  }

  bool is_partitioned() const noexcept { return !options_.partition_by.empty(); }
  int64_t RoomRows() const noexcept {
    if (is_partitioned()) return kSplitRows;
    return limits_.rows > 0 ? limits_.rows - gathered_.num_rows() : INT64_MAX;
  }
  int64_t RoomBytes() const noexcept {
    if (is_partitioned()) return limits_.bytes / 4;
    return std::max<int64_t>(limits_.bytes - gathered_.bytes(), limits_.bytes / 16);
  }
  bool IsFull(int64_t rows, int64_t bytes) const noexcept {
    return rows >= limits_.rows || bytes >= limits_.bytes * 15 / 16;
  }

  Status Append(const std::shared_ptr<arrow::RecordBatch>& rows) {
    if (gathered_.num_rows() == 0 &&
        IsFull(rows->num_rows(), RowBytes(*rows, 0, rows->num_rows()))) {
      return file_->WriteRows({rows});  // as it lies in the reader's batch
    }
    if (gathered_.bytes() + RowBytes(*rows, 0, rows->num_rows()) > limits_.bytes) {
      ARROW_RETURN_NOT_OK(WriteGathered());
      return Append(rows);
    }
    ARROW_RETURN_NOT_OK(gathered_.Add(rows, RowGatherer::Source::kBorrowed));
    return IsFull(gathered_.num_rows(), gathered_.bytes()) ? WriteGathered() : Status::OK();
  }

  Status WriteGathered() {
    return gathered_.num_rows() == 0 ? Status::OK() : file_->WriteRows(gathered_.Take());
  }

  /// Nothing that people put there by hand is removed for a new data set.
  Status CheckDirectory() const {
    std::error_code error;
    const fs::file_status target = fs::status(options_.path, error);
    if (!fs::exists(target)) return Status::OK();
    if (!fs::is_directory(target)) return FileError("write", options_.path, ENOTDIR);
    fs::directory_iterator entries(options_.path, error);
    if (error) return FileError("read", options_.path, error.value());
    for (const fs::directory_entry& entry : entries) {
      const std::string name = entry.path().filename().string();
      if (!options_.overwrite.value_or(false)) {
        return MakeError(ErrorCode::kNameExists,
                         fmt::format("the directory '{}' is not empty; overwrite it, or take "
                                     "another name",
                                     options_.path),
                         {options_.path});
      }
      const bool of_data_set = entry.is_directory(error) ? name.find('=') != std::string::npos
                                                         : name.starts_with("part-");
      if (!of_data_set) {
        return Invalid("path", fmt::format("the directory '{}' holds '{}', which is no part of a "
                                           "data set and would be lost; move it away first",
                                           options_.path, name));
      }
    }
    return Status::OK();
  }

  /// So that the schema of a data set without rows is known.
  Status WriteEmptyPart(const std::shared_ptr<arrow::Schema>& schema, const fs::path& root) {
    PartitionedFiles files(root, schema, context_);
    ARROW_RETURN_NOT_OK(files.AddEmpty());
    report_.files = 1;
    report_.bytes = files.bytes_written();
    return Status::OK();
  }

  Status Explain(const Status& status) const {
    if (status.ok() || CodeOf(status) != ErrorCode::kMemoryLimit) return status;
    return MakeError(ErrorCode::kMemoryLimit,
                     fmt::format("writing '{}': {}", options_.path, status.message()),
                     {options_.path});
  }

  const FileSinkOptions& options_;
  MemoryBudget share_;
  const SinkContext context_;
  const GatherLimits limits_;
  RowGatherer gathered_;
  std::unique_ptr<SinkFile> file_;
  FileSinkReport report_;
};

template <typename Body>
Result<FileSinkReport> Run(const FileSinkOptions& options, Body&& body) {
  return AtBorder(options, [&]() -> Result<FileSinkReport> {
    ARROW_RETURN_NOT_OK(CheckOptions(options));
    const bool is_directory = !options.partition_by.empty();
    ARROW_ASSIGN_OR_RAISE(
        const FileEncoding encoding,
        EncodingOfFile(is_directory ? "" : options.path,
                       is_directory ? options.format.value_or(Format::kParquet) : options.format,
                       options.compression));
    ARROW_ASSIGN_OR_RAISE(const int64_t limit_bytes, LimitBytes(options));
    FileSink sink(options, encoding, limit_bytes);
    return body(sink);
  });
}

Status NoPartitions(const FileSinkOptions& options) {
  if (options.partition_by.empty()) return Status::OK();
  return Invalid("partition_by", "only a directory is partitioned, not a stream");
}

}  // namespace

Result<FileSinkReport> WriteFile(arrow::RecordBatchReader& reader, const FileSinkOptions& options) {
  if (options.path.empty()) return Invalid("path", "there is no path to write to");
  return Run(options, [&](FileSink& sink) {
    return options.partition_by.empty() ? sink.ToFile(reader) : sink.ToDirectory(reader);
  });
}

Result<FileSinkReport> WriteToDescriptor(arrow::RecordBatchReader& reader, int descriptor,
                                         const FileSinkOptions& options) {
  ARROW_RETURN_NOT_OK(NoPartitions(options));
  return Run(options, [&](FileSink& sink) { return sink.ToDescriptor(reader, descriptor); });
}

Result<FileSinkReport> WriteToStream(arrow::RecordBatchReader& reader,
                                     arrow::io::OutputStream& stream,
                                     const FileSinkOptions& options) {
  ARROW_RETURN_NOT_OK(NoPartitions(options));
  return Run(options, [&](FileSink& sink) { return sink.ToStream(reader, stream); });
}

}  // namespace headrace::codec
