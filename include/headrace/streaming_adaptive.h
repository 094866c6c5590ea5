#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/chunk_strategy.h"
#include "headrace/memory_budget.h"
#include "headrace/status.h"

namespace arrow {
class RecordBatch;
class RecordBatchReader;
class Schema;
class Table;
struct Scalar;
namespace compute {
class Expression;
}
}  // namespace arrow

/// The names of polars-streaming-adaptive, thin over Scan (headrace/scan.h); docs/scan-seed.md puts
/// its examples beside ours. MB are 2^20 bytes here, as they are there. `budget` null is
/// MemoryBudget::Process(); it outlives what draws from it. Errors are those of Scan.
namespace headrace {

/// What a footer says of a row group.
struct RowGroupStatistics {
  struct Column {
    std::optional<int64_t> null_count;
    std::shared_ptr<arrow::Scalar> min;  ///< null: not known; NaN and nulls aside
    std::shared_ptr<arrow::Scalar> max;
  };
  int64_t num_rows = 0;
  std::shared_ptr<arrow::Schema> schema;
  std::map<std::string, Column> columns;
};

/// Which rows are wanted. Immutable; all methods from any thread.
class PredicatePushdown {
 public:
  virtual ~PredicatePushdown() = default;
  /// True only if no row of the group can be wanted.
  virtual bool ShouldSkipRowGroup(const RowGroupStatistics& statistics) const = 0;
  /// The rows that are wanted.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Apply(
      const std::shared_ptr<arrow::RecordBatch>& batch) const = 0;
  /// The same as a filter for the scan, which then skips row groups, pages and columns by itself;
  /// null, as for predicates of others, if only Apply() can say it: then all rows are read.
  virtual Result<std::shared_ptr<const arrow::compute::Expression>> Filter(
      const arrow::Schema& schema) const;
};

/// Rows whose column is one of some values, or compares with one; null rows are not wanted.
/// kUnknownName, kTypeMismatch once it meets a schema that does not fit.
class ColumnFilterPredicate final : public PredicatePushdown {
 public:
  /// kInvalidArgument without values.
  static Result<std::shared_ptr<ColumnFilterPredicate>> Make(std::string column,
                                                             std::vector<std::string> values);
  /// Operators: == = != < <= > >= or eq neq lt le gt ge; kInvalidArgument for others.
  static Result<std::shared_ptr<ColumnFilterPredicate>> Make(std::string column,
                                                             std::string_view op,
                                                             std::shared_ptr<arrow::Scalar> value);

  bool ShouldSkipRowGroup(const RowGroupStatistics& statistics) const override;
  Result<std::shared_ptr<arrow::RecordBatch>> Apply(
      const std::shared_ptr<arrow::RecordBatch>& batch) const override;
  Result<std::shared_ptr<const arrow::compute::Expression>> Filter(
      const arrow::Schema& schema) const override;

 private:
  explicit ColumnFilterPredicate(std::shared_ptr<const arrow::compute::Expression> condition);
  const std::shared_ptr<const arrow::compute::Expression> condition_;  // not bound
};

/// Rows that all parts want.
class AndPredicate final : public PredicatePushdown {
 public:
  /// kInvalidArgument without parts.
  static Result<std::shared_ptr<AndPredicate>> Make(
      std::vector<std::shared_ptr<const PredicatePushdown>> parts);

  bool ShouldSkipRowGroup(const RowGroupStatistics& statistics) const override;
  Result<std::shared_ptr<arrow::RecordBatch>> Apply(
      const std::shared_ptr<arrow::RecordBatch>& batch) const override;
  Result<std::shared_ptr<const arrow::compute::Expression>> Filter(
      const arrow::Schema& schema) const override;

 private:
  explicit AndPredicate(std::vector<std::shared_ptr<const PredicatePushdown>> parts);
  const std::vector<std::shared_ptr<const PredicatePushdown>> parts_;
};

/// One file (or directory, or glob) in batches that fit. Thread rule: one thread at a time.
class AdaptiveStreamingReader {
 public:
  /// Reads the footer.
  static Result<AdaptiveStreamingReader> Make(std::string path, MemoryBudget* budget = nullptr);

  AdaptiveStreamingReader& WithChunkStrategy(std::shared_ptr<ChunkStrategy> strategy);
  /// A second predicate must hold as well.
  AdaptiveStreamingReader& WithPredicate(std::shared_ptr<const PredicatePushdown> predicate);

  /// All rows; kMemoryLimit, with the size that is needed, if they do not fit into the budget.
  Result<std::shared_ptr<arrow::Table>> Collect() const;
  /// The rows batch by batch, held to `max_memory_mb` (default: the budget) whatever the file's
  /// size. Arrow's readers can be iterated over: `for (const auto& batch : *reader)`.
  Result<std::shared_ptr<arrow::RecordBatchReader>> CollectBatchesAdaptive(
      std::optional<int64_t> max_memory_mb = std::nullopt) const;
  /// Bytes of all rows once decoded, by the footers: an estimate from above.
  int64_t EstimateMemoryRequired() const noexcept { return required_bytes_; }

 private:
  AdaptiveStreamingReader() = default;

  std::string path_;
  MemoryBudget* budget_ = nullptr;
  std::shared_ptr<ChunkStrategy> strategy_;
  std::vector<std::shared_ptr<const PredicatePushdown>> predicates_;
  int64_t required_bytes_ = 0;
};

/// Many files. Thread rule: one thread at a time.
class ParallelStreamReader {
 public:
  explicit ParallelStreamReader(std::vector<std::string> paths, MemoryBudget* budget = nullptr);
  /// kUnknownName if nothing matches.
  static Result<ParallelStreamReader> FromGlob(const std::string& pattern,
                                               MemoryBudget* budget = nullptr);

  /// How many files (CollectParallel) or pieces are read at the same time; 0: one for each core.
  ParallelStreamReader& WithMaxConcurrent(int max_concurrent);

  /// A table for each file, in the order of the files; the first file's error that fails.
  Result<std::vector<std::shared_ptr<arrow::Table>>> CollectParallel() const;
  /// All rows in the order of files; columns are brought together by name.
  Result<std::shared_ptr<arrow::Table>> CollectConcatenated() const;

  const std::vector<std::string>& paths() const noexcept { return paths_; }

 private:
  std::vector<std::string> paths_;
  MemoryBudget* budget_;
  int max_concurrent_ = 0;
};

/// A Parquet file by row groups; all numbers are the footer's. The name is kept for those who know
/// it: positioned reads serve it, for a mapped file that shrinks ends the process, and mapped pages
/// belong to no budget. Thread rule: all methods from any thread.
class MmapParquetReader {
 public:
  static Result<MmapParquetReader> Make(const std::string& path, MemoryBudget* budget = nullptr);

  int num_row_groups() const noexcept;
  int64_t total_rows() const noexcept;
  std::shared_ptr<arrow::Schema> schema() const;
  /// That row group alone; kInvalidArgument if there is none of that number.
  Result<std::shared_ptr<arrow::Table>> ReadRowGroup(int row_group) const;
  Result<RowGroupStatistics> Statistics(int row_group) const;
  /// Whether all rows, decoded, take at most so much.
  bool CanFitInMemory(int64_t available_mb) const noexcept;
  /// Bytes of a decoded row, on average; 0 without rows.
  int64_t EstimateRowSize() const noexcept;

 private:
  struct Impl;
  explicit MmapParquetReader(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

/// The budget in the seed's words. Tracked bytes count against the budget until they are released.
/// Thread rule: all methods from any thread.
class MemoryManager {
 public:
  explicit MemoryManager(MemoryBudget* budget = nullptr);

  /// What is left of the budget, which knows cgroups; MB.
  int64_t available_memory() const noexcept;
  /// What is held of the budget, by anyone; MB, rounded up.
  int64_t current_usage() const noexcept;
  /// kMemoryLimit, and nothing is tracked, if it does not fit.
  Status TrackUsage(int64_t bytes);
  /// Gives tracked bytes back: at most what was tracked.
  void ReleaseUsage(int64_t bytes);
  bool CanAllocate(int64_t bytes) const noexcept;

 private:
  MemoryBudget* const budget_;
  std::mutex mutex_;
  Reservation tracked_;
};

}  // namespace headrace
