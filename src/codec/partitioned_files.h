#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "codec/row_gatherer.h"
#include "codec/sink_file.h"

namespace headrace::codec {

/// Files `directory/part-0.parquet` below a root, one directory for each partition. Rows are held
/// until they fill a row group or until all that is held reaches its limit; then the partitions
/// that hold most are written. Few files are open at a time: the one that was written to longest
/// ago is finished for the next, and its partition goes on in `part-1`. Thread rule: one thread at
/// a time.
class PartitionedFiles {
 public:
  PartitionedFiles(std::filesystem::path root, std::shared_ptr<arrow::Schema> schema,
                   const SinkContext& context);
  ~PartitionedFiles();

  Status Add(const std::string& directory, const std::shared_ptr<arrow::RecordBatch>& rows,
             RowGatherer::Source source);
  /// A file without rows in the root, for the schema's sake.
  Status AddEmpty();
  Status Finish();

  int64_t bytes_written() const noexcept;
  int64_t files() const noexcept { return files_; }
  int64_t partitions() const noexcept { return static_cast<int64_t>(partitions_.size()); }

 private:
  struct Partition;
  struct OpenFile;
  Result<Partition*> Find(const std::string& directory);
  Status WriteHeld(Partition* partition);
  Status WriteLargest();
  Status Open(Partition* partition);
  Status Close(Partition* partition);

  const std::filesystem::path root_;
  const std::shared_ptr<arrow::Schema> schema_;
  const SinkContext& context_;
  const GatherLimits limits_;
  std::vector<std::unique_ptr<Partition>> partitions_;  // in the order in which they came
  std::unordered_map<std::string, Partition*> by_directory_;
  std::list<Partition*> open_;  // the last used in front
  int64_t held_bytes_ = 0;
  int64_t closed_bytes_ = 0;
  int64_t files_ = 0;
};

}  // namespace headrace::codec
