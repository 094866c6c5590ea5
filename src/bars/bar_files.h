#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "bars/bar_block.h"
#include "headrace/status.h"

namespace headrace::bars {

/// The folder in which a store keeps what memory does not hold; goes with it.
class SpillFolder {
 public:
  /// Made in `parent`, or in the system's folder for temporary files. kIOError.
  static Result<std::shared_ptr<SpillFolder>> Make(const std::string& parent);
  ~SpillFolder();
  std::string NewPath();

 private:
  explicit SpillFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
  std::atomic<int64_t> next_{0};
};

/// Bars in a Parquet file of their own, all columns as they are in memory; the file goes with the
/// object. Immutable.
class BarFile {
 public:
  static constexpr int64_t kGroupRows = 1024;  ///< the least that is read at a time

  /// kIOError, and there is no file.
  static Result<std::shared_ptr<const BarFile>> Write(const kernels::BarColumns& columns,
                                                      int64_t rows, SpillFolder& folder,
                                                      arrow::MemoryPool* pool);
  ~BarFile();

  int64_t rows() const noexcept { return rows_; }
  int64_t num_groups() const noexcept { return static_cast<int64_t>(last_ends_.size()); }
  /// End of the last bar of a row group.
  int64_t last_end(int64_t group) const noexcept { return last_ends_[static_cast<size_t>(group)]; }

  /// Adds the bars of row groups [first, end) to `out`. kIOError, kCorruptFile, kMemoryLimit.
  Status Read(int64_t first, int64_t end, arrow::MemoryPool* pool, BarRows* out) const;

 private:
  explicit BarFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
  int64_t rows_ = 0;
  std::vector<int64_t> last_ends_;
};

}  // namespace headrace::bars
