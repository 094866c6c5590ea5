#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "headrace/chunk_strategy.h"
#include "headrace/source.h"
#include "headrace/status.h"

namespace arrow {
class MemoryPool;
}

namespace headrace {

class MemoryBudget;

/// What may be left unread because it cannot matter. Never changes an answer; to be switched off
/// by those who want to see that.
struct Skipping {
  bool statistics = true;     ///< row groups by their columns' minimum, maximum and null count
  bool bloom_filters = true;  ///< row groups by bloom filters
  bool dictionaries = true;   ///< row groups by the dictionaries of strings
  bool page_index = true;     ///< pages by their own statistics
  bool late_columns = true;   ///< columns outside the filter only where rows are left

  static Skipping None() noexcept {
    return {.statistics = false,
            .bloom_filters = false,
            .dictionaries = false,
            .page_index = false,
            .late_columns = false};
  }
};

struct ScanOptions {
  /// Files, directories (all data files in them, by name) and globs, in this order.
  std::vector<std::string> paths;
  /// What the scan may hold, batches included that the caller holds; 0: all of the budget.
  int64_t memory_limit_bytes = 0;
  /// What each of the scan's readers plans to hold, where that suffices; 0: all of the scan's
  /// limit. For a scan that many read at the same time.
  int64_t reader_memory_bytes = 0;
  /// Threads that read at the same time; 0: one for each core. The scan uses fewer where memory
  /// does not suffice for all.
  int max_concurrent = 0;
  /// A column of this name is added in front: the file that a row comes from. Empty: none.
  std::string source_file_column;
  /// How many rows are read at a time; null: AdaptiveChunkStrategy with its defaults.
  std::shared_ptr<ChunkStrategy> chunk_strategy;
  Skipping skipping;
};

/// How a request will be, or was, read.
struct ScanExplanation {
  struct Skip {
    std::string rule;  ///< "statistics", "bloom filter", "page index"
    int64_t row_groups = 0;
    int64_t pages = 0;
    int64_t rows = 0;
  };
  int64_t num_files = 0;
  int64_t num_row_groups = 0;        ///< of all files; record batches of Arrow files, none of text
  int64_t num_rows = 0;              ///< -1, as `read_rows`: text of which not all was looked at
  int64_t read_row_groups = 0;       ///< that are left
  int64_t read_rows = 0;             ///< that are left to be looked at
  std::vector<Skip> skips;           ///< in the order in which the rules are applied
  std::vector<std::string> columns;  ///< that are given out
  std::vector<std::string> filter_columns;  ///< that are read first
  int num_threads = 0;
  int64_t batch_bytes = 0;
  int64_t memory_bytes = 0;       ///< that the scan expects to hold at most
  bool pages_read_again = false;  ///< pages of all columns do not fit side by side
  std::string ToString() const;
};

/// Files as one table, read inside a byte budget whatever their size: the bounded scan.
/// Parquet, Arrow IPC (.arrow .feather .ipc .arrows), CSV and NDJSON (.ndjson .jsonl; text also
/// with .gz or .zst) may be mixed. The types of text are learnt from its beginning (2 MiB): a later
/// value that does not fit is kTypeMismatch, a key of NDJSON that comes first later is passed over.
/// Row groups, pages and columns that cannot matter are not read. Rows come in the order of files
/// and rows; columns of the files are brought together by name, missing ones are null.
///
/// Errors: kIOError (a file cannot be read), kUnknownName (nothing matches), kTypeMismatch (columns
/// of two files do not go together), kCorruptFile (a file is damaged; its path, row group and
/// column are named), kMemoryLimit (the smallest limit that works is named).
/// Thread rule: all methods may be called from any thread; each reader belongs to one at a time.
class Scan final : public Source {
 public:
  /// Reads the footers of all files. `budget` outlives the scan and all that it gave out.
  static Result<std::shared_ptr<Scan>> Open(ScanOptions options, MemoryBudget* budget);
  ~Scan() override;

  std::shared_ptr<arrow::Schema> schema() const override;
  SourceStatistics statistics() const override;
  /// Applies columns, filter and limit (not from the end) exactly. Numbers rows and begins at a row
  /// where the numbers of rows are known: everywhere but behind text of which not all was looked
  /// at. What lies before the first row is not decoded. Batches are of bounded size; the reader
  /// stops its threads when it is closed or destroyed.
  Result<OpenedSource> Open(const ReadRequest& request) override;

  /// What Open() would read. Reads indexes, but no rows.
  Result<ScanExplanation> Explain(const ReadRequest& request) const;

  /// The files, in the order in which they are read.
  std::vector<std::string> files() const override;

  /// What the scan may hold, and draws from: for those who shape its rows, so that one limit bounds
  /// both. Lives as long as the scan and as whatever holds memory of it.
  arrow::MemoryPool* pool() const;

 private:
  struct Impl;
  explicit Scan(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace
