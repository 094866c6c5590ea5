#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/memory_budget.h"
#include "headrace/status.h"
#include "scan/file_set.h"
#include "scan/memory_plan.h"

namespace headrace::scan {

/// Batches of one part of a file. Thread rule: one thread at a time.
class BatchStream {
 public:
  virtual ~BatchStream() = default;
  /// The next batch, perhaps of no rows; null at the end. An error is placed and final.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
  /// Number in the file of the next batch's first row; of files that number their rows.
  virtual int64_t next_row() const noexcept { return 0; }
};

/// The parts of a file, in its order. What is given lives on other threads, and longer.
/// Thread rule: one thread at a time.
class BatchParts {
 public:
  virtual ~BatchParts() = default;
  /// The next part; null at the end.
  virtual Result<std::unique_ptr<BatchStream>> Next() = 0;
};

/// A file that gives whole record batches: Arrow IPC, CSV, NDJSON. Immutable; holds no file open.
/// Thread rule: all methods may be called from any thread.
class BatchFile {
 public:
  /// What is known of the file without reading all of it.
  struct Facts {
    std::string path;
    std::shared_ptr<arrow::Schema> schema;
    int64_t num_rows = -1;      ///< -1: not known
    bool numbers_rows = false;  ///< see BatchStream::next_row()
    int64_t num_bytes = 0;
    int num_record_batches = 0;     ///< 0: the format has none
    std::vector<ColumnNeed> needs;  ///< by column
    int64_t thread_bytes = 0;       ///< what a thread holds beside columns
  };

  /// By the format of `file`; what is read to learn the facts follows the limit of `pool`.
  /// kIOError, kCorruptFile, kMemoryLimit, kNotImplemented.
  static Result<std::shared_ptr<const BatchFile>> Open(const DataFile& file, MemoryBudget* pool);

  virtual ~BatchFile() = default;
  const Facts& facts() const noexcept { return facts_; }

  /// Parts whose batches have at least the columns of these numbers, found by their names. Batches
  /// that end before `start_row` may be left out by files that number their rows.
  /// kCorruptFile, at the latest from the parts, if the file is no longer what it was.
  virtual Result<std::unique_ptr<BatchParts>> Read(const std::vector<int>& columns,
                                                   int64_t start_row,
                                                   std::shared_ptr<MemoryBudget> pool) const = 0;

 protected:
  explicit BatchFile(Facts facts) : facts_(std::move(facts)) {}
  const Facts facts_;
};

}  // namespace headrace::scan
