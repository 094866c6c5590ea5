#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/memory_budget.h"
#include "headrace/scan.h"
#include "headrace/status.h"
#include "scan/batch_file.h"
#include "scan/file_set.h"
#include "scan/memory_plan.h"
#include "scan/parquet_file.h"
#include "scan/read_plan.h"

namespace headrace::scan {

/// The files of a scan as one table: what their footers say, and their common schema. Immutable
/// once made; shared by the scan and its readers. Thread rule: all methods from any thread.
class FileTable {
 public:
  /// Finds the files and reads their footers. What is drawn from `pool` goes back with the table.
  static Result<std::shared_ptr<const FileTable>> Make(const ScanOptions& options,
                                                       MemoryBudget* pool);

  struct File {
    DataFile found;
    std::shared_ptr<arrow::Schema> schema;  ///< its own columns
    int64_t num_rows = 0;                   ///< -1: not known without reading
    int64_t first_row = 0;                  ///< number in the scan; -1: not known
    int64_t num_bytes = 0;
    int num_row_groups = 0;
    std::shared_ptr<const ParquetFile> parquet;  ///< kept open; null: to be opened again
    std::shared_ptr<const BatchFile> batches;    ///< of another format; null: a Parquet file
  };
  const std::vector<File>& files() const noexcept { return files_; }
  /// Columns of the files, then those of their folders; in front the source file, if asked for.
  const std::shared_ptr<arrow::Schema>& schema() const noexcept { return schema_; }
  const ScanOptions& options() const noexcept { return options_; }
  /// Of the heaviest row group or batch, by position in `schema`.
  const std::vector<ColumnNeed>& needs() const noexcept { return needs_; }

  /// What a thread holds beside columns, in the worst file.
  int64_t thread_bytes() const noexcept { return thread_bytes_; }

  /// Whether reading may begin at the row of this number without reading what lies before it.
  bool CanStartAt(int64_t row) const noexcept;
  /// Whether the number of every row is known where it is read.
  bool KnowsRowNumbers() const noexcept;
  /// Of all files; -1: not known.
  int64_t num_rows() const noexcept;

  /// The Parquet file, opened; kCorruptFile if it is no longer what it was when the table was made.
  Result<std::shared_ptr<const ParquetFile>> OpenParquet(size_t file,
                                                         arrow::MemoryPool* pool) const;
  /// Where the fields of a plan come from in a file.
  std::shared_ptr<const std::vector<FieldSource>> SourcesOf(const ReadPlan& plan,
                                                            size_t file) const;

 private:
  FileTable() = default;
  Status AddFile(DataFile found, MemoryBudget* pool);
  Status AddBatchFile(DataFile found, MemoryBudget* pool);
  Status MakeSchema();
  void NumberRows() noexcept;
  void AddNeeds(const ParquetFile& file);
  void AddNeed(const std::string& column, const ColumnNeed& need);
  std::shared_ptr<arrow::Scalar> ConstantOf(const arrow::Field& field, const File& file) const;

  ScanOptions options_;
  std::vector<File> files_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<ColumnNeed> needs_;
  std::unordered_map<std::string, ColumnNeed> named_needs_;
  int64_t thread_bytes_ = 0;
  int64_t footer_bytes_ = 0;
  Reservation footers_;
};

}  // namespace headrace::scan
