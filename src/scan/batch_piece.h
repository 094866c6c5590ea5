#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/memory_budget.h"
#include "headrace/status.h"
#include "scan/batch_file.h"
#include "scan/piece.h"
#include "scan/read_plan.h"
#include "scan/row_mask.h"

namespace headrace::scan {

/// Where the rows of a file stand in a scan, and from which of the file's rows on they are wanted.
struct FileRows {
  int64_t first = 0;
  int64_t start = 0;
};

/// Applies a plan to the batches of a part of a file: columns by name, constants, the common
/// types, the filter. What it gives out is bounded in bytes. Thread rule: one thread at a time.
class BatchPiece final : public PieceReader {
 public:
  BatchPiece(std::shared_ptr<const BatchFile> file, std::unique_ptr<BatchStream> stream,
             std::shared_ptr<const std::vector<FieldSource>> sources,
             std::shared_ptr<const ReadPlan> plan, const ReadPace& pace, FileRows rows,
             std::shared_ptr<MemoryBudget> pool);

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override;

 private:
  Status Load();
  int64_t WindowRows() const noexcept;
  Result<std::shared_ptr<arrow::RecordBatch>> TakeWindow(int64_t rows);
  Result<std::shared_ptr<arrow::Array>> Take(size_t field, int64_t rows);

  const std::shared_ptr<MemoryBudget> pool_;  // outlives what is drawn from it
  const std::shared_ptr<const BatchFile> file_;
  const std::unique_ptr<BatchStream> stream_;
  const std::shared_ptr<const std::vector<FieldSource>> sources_;
  const std::shared_ptr<const ReadPlan> plan_;
  const ReadPace pace_;
  const FileRows file_rows_;
  RowFilter filter_;

  std::vector<std::shared_ptr<arrow::Array>> columns_;  // of the batch by field; null: constant
  int64_t rows_ = 0;                                    // of the batch
  int64_t at_ = 0;                                      // what lies before was given out
  int64_t batch_row_ = 0;                               // number in the file of its first row
  int64_t row_bytes_ = 1;
  bool ended_ = false;
};

}  // namespace headrace::scan
