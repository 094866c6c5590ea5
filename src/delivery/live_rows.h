#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "catalog/catalog.h"
#include "headrace/feature_plan.h"
#include "headrace/status.h"

namespace headrace {
class ChangeSignal;
}

namespace headrace::delivery {

/// What may be asked of a source that is followed.
struct LiveRequest {
  std::string table;                                ///< any name that Catalog::Find() takes
  std::optional<FeaturePlan> features;              ///< none: the rows as they are; of windows only
  std::string filter;                               ///< of rows with their features; empty: all
  std::optional<std::vector<std::string>> columns;  ///< of rows with their features; none: all
};

/// Rows as they are sent: a schema's message and one with rows, see codec/ipc_messages.h.
struct LivePiece {
  std::shared_ptr<arrow::Buffer> schema;  ///< the same buffer as long as the schema is the same
  std::shared_ptr<arrow::Buffer> rows;    ///< null: none passed the filter
  int64_t num_rows = 0;                   ///< in `rows`
  int64_t first_row = 0;                  ///< number in the source of the first that was looked at
  int64_t next_row = 0;                   ///< behind the last one
  int64_t end_row = 0;                    ///< behind the last one that the source has
  uint64_t epoch = 0;  ///< another one: the source was cleared, numbers began anew
};

/// A row's bytes before any was encoded: a guess for each column.
double GuessedRowBytes(const arrow::Schema& schema);

/// The rows of a source that changes, by their numbers, encoded a piece at a time. Who reads on at
/// next_row gets every row once. Thread rule: one thread at a time.
class LiveRows {
 public:
  /// kUnknownName, located, for a table or a column; kInvalidArgument for a filter that is wrong or
  /// a source that cannot be followed; errors of features. Computes features that are new.
  static Result<std::unique_ptr<LiveRows>> Open(const catalog::Entry& entry, LiveRequest request,
                                                MemoryBudget* budget);

  /// At most `most_rows` from `start_row` on, or from the oldest that is there; about `most_bytes`,
  /// but at least one row. kMemoryLimit changes nothing: read again later.
  Result<LivePiece> Read(int64_t start_row, int64_t most_rows, int64_t most_bytes);

  /// How many rows take about so many bytes, by what was encoded before.
  int64_t RowsIn(int64_t bytes) const noexcept;

  /// Number of the row behind the last, the oldest one's, and the epoch.
  struct Extent {
    int64_t first_row = 0;
    int64_t end_row = 0;
    uint64_t epoch = 0;
  };
  Extent extent() const;

  /// As of the last read.
  const std::shared_ptr<arrow::Buffer>& schema_message() const noexcept { return schema_message_; }
  ChangeSignal& changes() const noexcept { return *changes_; }
  int64_t window_rows() const noexcept { return window_rows_; }
  const LiveRequest& request() const noexcept { return request_; }

 private:
  LiveRows(const catalog::Entry& entry, LiveRequest request, MemoryBudget* budget);
  Result<LivePiece> ReadPiece(int64_t start_row, int64_t most_rows);
  Status Encode(std::shared_ptr<arrow::RecordBatchReader> reader, LivePiece* piece);

  const std::shared_ptr<Source> source_;
  const std::shared_ptr<LiveWindow> window_;  // null: no features
  const LiveRequest request_;
  MemoryBudget* const budget_;
  ChangeSignal* const changes_;
  int64_t window_rows_ = 0;
  double row_bytes_ = 0;
  // The schema before the filter and what was made of it; changed together.
  std::shared_ptr<arrow::Schema> read_schema_;
  std::shared_ptr<const arrow::compute::Expression> filter_;
  std::shared_ptr<arrow::Buffer> schema_message_;
};

}  // namespace headrace::delivery
