#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/feature_plan.h"
#include "headrace/memory_budget.h"
#include "headrace/status.h"
#include "window/append_plan.h"
#include "window/column.h"

namespace headrace::window {

class FeatureTable;
class WindowStore;

/// How many rows a live window shows and keeps; its memory is laid out by that.
struct StoreLayout {
  int64_t window_rows = 0;
  int64_t keep_rows = 0;  ///< window and history
};

/// A reader's hold on a store: while it lives, rows [begin, end) stay where they are.
/// Not copyable; shared by the buffers of one result.
class StorePin {
 public:
  StorePin() = default;
  StorePin(const StorePin&) = delete;
  StorePin& operator=(const StorePin&) = delete;
  ~StorePin() { Release(); }

  /// Lets go of everything.
  void Release() noexcept;

  std::shared_ptr<WindowStore> store;
  std::shared_ptr<FeatureTable>
      table;                ///< of the plan that was asked for, if it is kept up to date
  int64_t begin = 0;        ///< rows from here on are held
  int64_t shown_begin = 0;  ///< rows from here on are shown
  int64_t end = 0;
};

/// One generation of a live window's memory: columns with fixed names and types, and the feature
/// tables over them. A change of schema, or the end of the address space, makes a new generation;
/// readers of the old one keep it alive.
///
///        floor_row()        shown                end_row()
///   ..released..|..history..|.....................|..not published..
///
/// Thread rule: one writer (the window's append lock); Pin() and the accessors from any thread.
class WindowStore : public std::enable_shared_from_this<WindowStore> {
 public:
  /// An empty store, or with `from` one that has its rows from its floor on, as the new columns
  /// have them. Room for `more_rows` and in every string column for `more_text_bytes` is seen to.
  static Result<std::shared_ptr<WindowStore>> Make(std::vector<PlannedColumn> columns,
                                                   StoreLayout layout, MemoryBudget* budget,
                                                   const WindowStore* from, int64_t more_rows,
                                                   int64_t more_text_bytes);
  ~WindowStore();

  struct NamedColumn {
    std::string name;
    std::shared_ptr<Column> column;
    ColumnType type() const noexcept { return column->type(); }
  };
  const std::vector<NamedColumn>& columns() const noexcept { return columns_; }
  const std::shared_ptr<arrow::Schema>& schema() const noexcept { return schema_; }
  /// Position of the column, or -1. `hint` is tried first.
  int Find(std::string_view name, size_t hint) const noexcept;

  int64_t end_row() const noexcept { return end_row_.load(std::memory_order_acquire); }
  int64_t floor_row() const noexcept { return floor_row_.load(std::memory_order_relaxed); }
  int64_t shown_begin(int64_t window_rows) const noexcept;
  int64_t capacity_rows() const noexcept { return capacity_rows_; }
  int64_t origin_row() const noexcept { return origin_row_; }
  StoreLayout layout() const noexcept { return layout_; }
  int64_t granule_bytes() const noexcept;

  /// Fills `pin` with the rows as they are now, held from the floor on if `with_history`, else from
  /// the oldest shown row, and with the table of `plan` if there is one.
  void Pin(int64_t window_rows, bool with_history, const FeaturePlan* plan, StorePin* pin);

  // Writer only.
  bool HasRoom(int64_t rows, const std::vector<int64_t>& text_bytes) const noexcept;
  /// Reserves what the store will hold with `rows` more, or leaves it as it was.
  Status ReserveFor(int64_t rows, int64_t text_bytes);
  /// Shows rows up to `end_row`, and forgets those below `floor_row`.
  void Publish(int64_t end_row, int64_t floor_row) noexcept;
  /// Gives memory back, a column or a few at each call, so that no append pays for all of them.
  /// Returns by how many rows the slowest reader holds up the rest.
  int64_t Trim(int64_t rows_appended, int64_t window_rows) noexcept;
  const std::vector<std::shared_ptr<FeatureTable>>& tables() const noexcept { return tables_; }
  /// Adds a table that has all rows up to end_row(); drops the least recently read ones over
  /// `max_tables`.
  Status Install(std::shared_ptr<FeatureTable> table, int64_t max_tables);

  int64_t memory_bytes() const noexcept { return reserved_bytes_.load(std::memory_order_relaxed); }

 private:
  friend class StorePin;
  explicit WindowStore(MemoryBudget* budget);
  Status AddColumns(std::vector<PlannedColumn> columns, int64_t text_capacity_bytes);
  void CopyRows(const WindowStore& from) noexcept;
  int64_t NeededBytes(int64_t rows, int64_t text_bytes) const noexcept;
  int64_t OldestPinned() const noexcept;
  void Unpin(int64_t begin) noexcept;
  void ListTrimmed();

  std::vector<NamedColumn> columns_;
  std::shared_ptr<arrow::Schema> schema_;
  StoreLayout layout_;
  int64_t origin_row_ = 0;
  int64_t capacity_rows_ = 0;
  std::atomic<int64_t> end_row_{0};
  std::atomic<int64_t> floor_row_{0};

  // Held for a few instructions at a time, by readers and, when memory may be given back, by the
  // writer.
  mutable std::mutex pins_mutex_;
  std::vector<int64_t> pins_;                          // first row of each living pin
  std::vector<std::shared_ptr<FeatureTable>> tables_;  // also read by the writer without the lock

  // Writer only.
  Reservation reservation_;
  std::atomic<int64_t> reserved_bytes_{0};
  std::vector<Column*> trimmed_;  // all columns, those with history first
  size_t num_history_ = 0;
  size_t next_trimmed_ = 0;
  int64_t round_line_ = 0;     // where the running round of Trim() began
  int64_t released_line_ = 0;  // all columns have been trimmed up to here
  double base_row_bytes_ = 0;
  double table_row_bytes_ = 0;
  int64_t num_regions_ = 0;
};

}  // namespace headrace::window
