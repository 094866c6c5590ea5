#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "codec/file_format.h"
#include "codec/format.h"
#include "headrace/status.h"

namespace arrow::io {
class OutputStream;
}

namespace headrace::codec {

struct ParquetSinkOptions {
  /// A row group has this many rows, or fewer where that many do not fit into the memory limit.
  int64_t row_group_rows = 1 << 20;
  int64_t data_page_bytes = 1 << 20;  ///< at most a part in 32 of the memory limit
  bool dictionary = true;
  bool statistics = true;
  bool page_index = true;
  bool page_checksums = true;
  /// Columns by name, nested ones with dots. Filters are held until the end of the file.
  std::vector<std::string> bloom_filter_columns;
};

struct CsvSinkOptions {
  bool header = true;
  char delimiter = ',';
};

struct FileSinkProgress {
  int64_t rows;   ///< taken from the reader
  int64_t bytes;  ///< written to files; what is gathered in memory does not count yet
};

struct FileSinkOptions {
  /// The file, or with `partition_by` the directory. The parent has to exist.
  std::string path;
  std::optional<Format> format;                ///< none: by the extension; for a directory Parquet
  std::optional<FileCompression> compression;  ///< none: see EncodingOfFile()
  std::optional<int> compression_level;        ///< none: the codec's own
  ParquetSinkOptions parquet;
  CsvSinkOptions csv;
  /// Rows of a record batch in the Arrow formats; fewer where they do not fit.
  int64_t record_batch_rows = 64 << 10;

  /// Unset: a file is replaced, a directory that holds anything is not.
  std::optional<bool> overwrite;
  bool sync = true;  ///< the data is on the disk before the name is

  /// Columns that become directories `column=value`, outermost first.
  std::vector<std::string> partition_by;
  int64_t max_partitions = 10'000;
  int max_open_files = 64;

  arrow::MemoryPool* pool = nullptr;  ///< none: Arrow's default
  /// What the writer may hold, the reader's batches apart. 0: 256 MiB, or a quarter of the pool's
  /// limit if that is less and the pool is a MemoryBudget. At least 1 MiB.
  int64_t memory_limit_bytes = 0;

  std::stop_token stop;  ///< asked between batches and pages: ErrorCode::kCancelled
  std::function<void(const FileSinkProgress&)> on_progress;  ///< after each batch; does not throw
};

struct FileSinkReport {
  int64_t rows = 0;
  int64_t bytes = 0;  ///< of all files
  int64_t files = 0;
  int64_t partitions = 0;  ///< 0 unless `partition_by` is given
  int64_t peak_bytes = 0;  ///< held by the writer at most, at or below its limit
};

/// Writes all that the reader gives to `options.path`, a batch at a time.
///
/// The bytes go to a temporary name in the same directory, which takes the place of `path` when all
/// is written; after an error or a cancel there is no temporary, and what was at `path` is as it
/// was. A path that is no regular file (a pipe, a device) is written as it is.
///
/// Parquet keeps all types but unions, run-end encoded columns and intervals; seconds come back as
/// milliseconds, date64 as date32, and dictionaries of other than strings as their values. The
/// Arrow formats keep all; in the file format, dictionaries that differ from batch to batch grow
/// into one. Text is text: dictionaries are decoded, NaN is `null` in JSON.
///
/// Errors: kInvalidArgument (options), kTypeMismatch (a column that the format cannot hold, named),
/// kNameExists (`overwrite` forbids it), kIOError (named by path), kTooLarge (partitions),
/// kMemoryLimit, kCancelled, and those of the reader as they are.
/// Thread rule: all work is done on the calling thread.
Result<FileSinkReport> WriteFile(arrow::RecordBatchReader& reader, const FileSinkOptions& options);

/// To an open descriptor, which stays open and is not synced: `options.path` only names it in
/// errors, and in `format` the format has to be given. A reader at the other end that left
/// (EPIPE) is kCancelled; no signal is raised.
Result<FileSinkReport> WriteToDescriptor(arrow::RecordBatchReader& reader, int descriptor,
                                         const FileSinkOptions& options);

/// To a stream, which is neither flushed nor closed.
Result<FileSinkReport> WriteToStream(arrow::RecordBatchReader& reader,
                                     arrow::io::OutputStream& stream,
                                     const FileSinkOptions& options);

}  // namespace headrace::codec
