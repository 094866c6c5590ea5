#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "scan/piece.h"
#include "scan/read_plan.h"
#include "scan/row_mask.h"

namespace headrace::scan {

/// Reads a piece of a row group as batches of the plan's schema, a window of rows at a time: the
/// columns of the filter first, the others only where rows are left.
///
///   window      |....xx.x....|............|..
///   filter       read all      read all
///   others       span only     passed over
///
/// Errors: kCorruptFile, kIOError, kMemoryLimit, kTypeMismatch (a value that does not fit the
/// common type of the files), with their place. Thread rule: one thread at a time.
class RowGroupReader final : public PieceReader {
 public:
  static Result<std::unique_ptr<RowGroupReader>> Make(RowGroupPiece piece,
                                                      std::shared_ptr<const ReadPlan> plan,
                                                      const ReadPace& pace,
                                                      arrow::MemoryPool* pool);

  /// The next batch, of at least one row; null at the end.
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override;

  /// Rows that were decoded for the filter or for a batch.
  int64_t rows_read() const noexcept { return rows_read_; }

 private:
  // A stretch of rows whose columns of the filter have been read.
  struct Window {
    std::vector<std::shared_ptr<arrow::Array>> columns;  // of the filter
    RowMask mask;                                        // without rows: all pass
    int64_t rows = 0;
    int64_t at = 0;   // what lies before was given out
    int64_t end = 0;  // behind the last row that passes
  };

  RowGroupReader(RowGroupPiece piece, std::shared_ptr<const ReadPlan> plan, const ReadPace& pace,
                 arrow::MemoryPool* pool);
  Status OpenColumns();
  Result<bool> NextWindow();
  Result<int64_t> ReadFilterColumns(int64_t rows);
  Result<std::shared_ptr<arrow::RecordBatch>> TakePiece();
  Result<std::shared_ptr<arrow::RecordBatch>> TakeReady();
  Result<std::shared_ptr<arrow::Array>> TakeRows(size_t field, int64_t rows,
                                                 const std::shared_ptr<arrow::BooleanArray>& mask);
  Result<std::shared_ptr<arrow::Array>> Fit(size_t field, std::shared_ptr<arrow::Array> array);
  Status Skip(size_t begin_field, size_t end_field, int64_t rows);
  int64_t WindowRows(int64_t rows_left) const noexcept;
  int64_t ColumnBytes() const noexcept;

  const RowGroupPiece piece_;
  const std::shared_ptr<const ReadPlan> plan_;
  const ReadPace pace_;
  arrow::MemoryPool* const pool_;
  RowFilter filter_;
  const size_t num_filter_;                             // fields that are read before the others
  std::vector<std::unique_ptr<WindowColumn>> columns_;  // by field; null: constant

  size_t range_ = 0;
  int64_t row_ = 0;  // of the row group: where the columns stand, the window's rows behind them
  Window window_;
  std::shared_ptr<arrow::RecordBatch> ready_;  // strings may still be by dictionary
  int64_t ready_at_ = 0;
  int64_t row_bytes_ = 64;  // as measured
  int64_t rows_read_ = 0;
};

}  // namespace headrace::scan
