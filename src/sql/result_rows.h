#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include <arrow/record_batch.h>

#include "headrace/status.h"
#include "sql/duck.h"
#include "sql/watchdog.h"

namespace headrace::sql {

class Session;

/// The rows of one statement as Arrow, pulled from the executor. The first batch is what the
/// executor gives first; later ones are gathered to a size that pays on the way. Keeps the session.
class ResultRows final : public arrow::RecordBatchReader {
 public:
  ResultRows(std::shared_ptr<Session> session, arrow::MemoryPool* pool);
  ~ResultRows() override;

  duckdb_result& result() noexcept { return result_.get(); }
  /// Once the statement runs. `watch` goes on until the rows end.
  Status Begin(Watchdog::Watch watch, std::optional<std::chrono::milliseconds> timeout);

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override;
  Status Close() override;

 private:
  /// Null at the end.
  Result<std::shared_ptr<arrow::RecordBatch>> Fetch();

  std::shared_ptr<Session> session_;
  arrow::MemoryPool* const pool_;
  DuckResult result_;
  DuckArrowOptions options_;
  Watchdog::Watch watch_;  // ends before the session
  std::optional<std::chrono::milliseconds> timeout_;
  std::shared_ptr<arrow::Schema> schema_;
  size_t gathered_ = 1;  // chunks in the next batch
  bool ended_ = false;
};

}  // namespace headrace::sql
