#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/feature_plan.h"
#include "headrace/status.h"
#include "kernels/rolling/rolling.h"
#include "window/column.h"

namespace headrace::window {

class WindowStore;

/// The derived columns of one plan over one store, row by row beside the rows they are derived
/// from. Thread rule: Compute() while the table is still private; then Prepare()/Advance() by the
/// writer. Derived columns of published rows may be read by anybody.
class FeatureTable {
 public:
  /// Empty columns with room for the store's rows.
  /// ErrorCode::kUnknownName, kTypeMismatch or kInvalidArgument if the plan does not fit the
  /// columns.
  static Result<std::shared_ptr<FeatureTable>> Make(const FeaturePlan& plan,
                                                    const WindowStore& store,
                                                    arrow::MemoryPool* pool);

  /// The table moved to a new generation of its store with the same numeric columns: rows
  /// [first_row, end_row) are copied and the running state goes along.
  static Result<std::shared_ptr<FeatureTable>> Move(FeatureTable& from, const WindowStore& store,
                                                    int64_t first_row, int64_t end_row,
                                                    arrow::MemoryPool* pool);

  const FeaturePlan& plan() const noexcept { return plan_; }
  const std::vector<std::shared_ptr<Column>>& derived() const noexcept { return derived_; }
  const std::shared_ptr<arrow::Schema>& schema() const noexcept { return schema_; }
  /// Positions in the store of the numeric columns, whether derived from or not.
  const std::vector<int>& numeric_columns() const noexcept { return numeric_columns_; }

  /// Fills rows [first_row, end_row), which are published, from rows [begin_row, end_row), by the
  /// batch kernels, and puts the incremental state behind them. Any thread that has these rows
  /// pinned.
  Status Compute(const WindowStore& store, int64_t begin_row, int64_t first_row, int64_t end_row,
                 arrow::MemoryPool* pool);

  /// What Advance() may need for so many rows, to be had before anything is written.
  Result<std::shared_ptr<arrow::Buffer>> Prepare(int64_t rows, arrow::MemoryPool* pool) const;

  /// Fills rows [first_row, end_row), which are written but not published. `begin_row` is the
  /// oldest row that windows may reach.
  void Advance(const WindowStore& store, int64_t begin_row, int64_t first_row, int64_t end_row,
               arrow::Buffer* scratch) noexcept;

  /// Columns of which only the shown rows are needed, and those that windows look back into.
  std::vector<Column*> shown_columns() const;
  std::vector<Column*> history_columns() const;
  double row_bytes() const noexcept { return row_bytes_; }
  int64_t num_regions() const noexcept { return num_regions_; }

  /// When the plan was last asked for, in calls of its window.
  std::atomic<int64_t> last_read{0};

 private:
  // A numeric column, the doubles that its kernels read, and their running state.
  struct Source {
    int column = 0;
    std::shared_ptr<Column> doubles;  // of an int64 column; null: the column itself
    std::shared_ptr<arrow::Buffer> state;
    std::optional<kernels::RollingStack> stack;
  };

  explicit FeatureTable(const FeaturePlan& plan) : plan_(plan) {}
  Status Resolve(const WindowStore& store);
  Status MakeColumns(const WindowStore& store);
  Status CheckNames(const WindowStore& store, const std::vector<std::string>& derived) const;
  kernels::RollingColumn WriterView(const WindowStore& store, const Source& source,
                                    int64_t begin_row) const noexcept;
  void FillDoubles(const WindowStore& store, const Source& source, int64_t first_row,
                   int64_t end_row) noexcept;
  void RunBatch(size_t index, kernels::RollingColumn view, int64_t begin_row, int64_t first_row,
                int64_t end_row, std::span<std::byte> scratch);
  void PushRow(const WindowStore& store, int64_t row, int64_t begin_row) noexcept;

  FeaturePlan plan_;
  std::shared_ptr<const std::vector<kernels::RollingSpec>> specs_;
  std::vector<int> numeric_columns_;
  std::vector<Source> sources_;
  std::vector<std::shared_ptr<Column>> derived_;  // specs_->size() for each source
  std::vector<double*> derived_values_;           // by row - origin
  std::vector<double> row_values_;
  std::vector<uint8_t> row_exists_;
  std::vector<kernels::RollingOutput> outputs_;
  std::vector<std::shared_ptr<arrow::Buffer>> output_bits_;
  std::shared_ptr<arrow::Schema> schema_;
  double row_bytes_ = 0;
  int64_t num_regions_ = 0;
};

}  // namespace headrace::window
