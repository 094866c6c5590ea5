#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "headrace/feature_plan.h"
#include "headrace/row_batch.h"
#include "headrace/source.h"
#include "headrace/status.h"

namespace arrow {
class RecordBatch;
class Schema;
}  // namespace arrow

namespace headrace {

class MemoryBudget;

struct LiveWindowOptions {
  std::string name;
  int64_t window_size = 1000;  ///< rows shown at most, 1 to kMaxWindowSize
  int64_t history_rows = 256;  ///< rows kept beyond them, for full windows at the old end; >= 0
  /// Fixes names, order and types; none: columns appear as rows bring them. Types: int64, double,
  /// bool, utf8, timestamp (any unit and zone; held as UTC nanoseconds).
  std::shared_ptr<arrow::Schema> schema;
  int64_t max_columns = 1024;
  int64_t max_string_bytes = 1 << 20;
  int64_t max_plans = 8;  ///< feature plans kept up to date; the least recently read one makes room

  static constexpr int64_t kMaxWindowSize = 100'000'000;
};

struct AppendResult {
  int64_t appended = 0;      ///< rows of the request
  int64_t buffer_size = 0;   ///< rows shown afterwards
  double avg_append_ms = 0;  ///< time in Append per row since creation or clear
};

struct LiveWindowStats {
  std::string name;
  int64_t size = 0;  ///< rows shown
  int64_t window_size = 0;
  std::vector<std::string> columns;
  std::vector<std::string> numeric_columns;
  int64_t memory_bytes = 0;  ///< columns, history, features and their state
  int64_t append_count = 0;  ///< rows appended since creation or clear
  double avg_append_ms = 0;
};

/// The last `window_size` rows of a stream, with rolling features that are kept up to date.
///
/// Types of loosely typed rows (RowBatch): integers are int64; a column becomes double when a
/// fraction arrives, unless an integer in it is beyond 2^53 and would change; null adopts the first
/// type; a new key is a new column with nulls before it; a missing key is null. Everything else
/// that does not fit (string against number, bool against number, nested values, integers beyond
/// int64) is ErrorCode::kTypeMismatch, located as {"data", row, column}. A column that has had
/// nulls only shows as arrow::null().
///
/// All or nothing: a refused append leaves the window as it was, its schema included.
///
/// Thread rule: all methods may be called from any thread at the same time. Appends are applied one
/// after the other. Readers see a consistent snapshot, never half an append; neither waits for the
/// other while rows are copied, converted or computed. What a reader was given stays valid, also
/// after the window has moved on, was cleared or destroyed; it holds on to its memory until
/// released.
class LiveWindow final : public Source, public Sink {
 public:
  /// `budget` must outlive the window and all that was read from it.
  static Result<std::shared_ptr<LiveWindow>> Make(LiveWindowOptions options, MemoryBudget* budget);
  ~LiveWindow() override;

  /// Appends sealed rows; longer batches than the window count whole and leave their last rows.
  Result<AppendResult> Append(const RowBatch& rows);

  /// Sink: appends all batches as one request. Arrow integers come in as int64 and float as double;
  /// dictionary, large and view strings as utf8; uint64 beyond int64 is refused.
  Result<int64_t> Append(arrow::RecordBatchReader& reader) override;

  /// Rows shown, oldest first, the last `tail` of them (>= 1; none: all). Values are not copied;
  /// bitmaps (nulls, bools) are.
  Result<std::shared_ptr<arrow::RecordBatch>> Read(std::optional<int64_t> tail = {}) const;

  /// The same with the plan's derived columns behind the originals. The first read of a plan
  /// computes it for the window; from then on appends keep it up to date. ErrorCode::kUnknownName /
  /// kTypeMismatch if the plan names an unknown or non-numeric column; kInvalidArgument if a
  /// derived name is that of another column.
  Result<std::shared_ptr<arrow::RecordBatch>> Features(const FeaturePlan& plan,
                                                       std::optional<int64_t> tail = {}) const;

  /// Open() with the plan's derived columns behind the originals. The errors of Features() too.
  Result<OpenedSource> OpenFeatures(const FeaturePlan& plan, const ReadRequest& request);

  /// Names of the numeric originals and of all derived columns, in the order of LatestVector().
  Result<std::vector<std::string>> VectorNames(const FeaturePlan& plan) const;

  /// The newest row as a model takes it: numeric originals and derived columns as doubles, a null
  /// original as NaN. Returns how many were written; with `out` too short, only how many are
  /// needed. 0 if the window is empty. Does not allocate once the plan is kept up to date.
  Result<int64_t> LatestVector(const FeaturePlan& plan, std::span<double> out) const;

  /// Drops rows, feature tables and counters; keeps the schema.
  Status Clear();

  LiveWindowStats stats() const;
  const LiveWindowOptions& options() const noexcept;

  // Source.
  std::shared_ptr<arrow::Schema> schema() const override;
  SourceStatistics statistics() const override;
  Result<OpenedSource> Open(const ReadRequest& request) override;
  /// Tells of every append and of Clear().
  ChangeSignal* changes() noexcept override;

 private:
  class Impl;
  explicit LiveWindow(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace
