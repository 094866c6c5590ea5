#include "sql/result_rows.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <arrow/c/bridge.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "sql/duck_error.h"
#include "sql/session.h"

namespace headrace::sql {
namespace {

// Chunks of 2,048 rows: 65,536 in a batch.
constexpr size_t kMostChunks = 32;

Result<std::shared_ptr<arrow::Schema>> SchemaOf(duckdb_result* result,
                                                const DuckArrowOptions& options) {
  const idx_t count = duckdb_column_count(result);
  std::vector<DuckType> owned;
  std::vector<duckdb_logical_type> types;
  std::vector<const char*> names;
  for (idx_t i = 0; i < count; ++i) {
    owned.emplace_back(duckdb_column_logical_type(result, i));
    types.push_back(owned.back().get());
    names.push_back(duckdb_column_name(result, i));
  }
  ArrowSchema exported{};
  ARROW_RETURN_NOT_OK(CheckDuck(
      duckdb_to_arrow_schema(options.get(), types.data(), names.data(), count, &exported)));
  return arrow::ImportSchema(&exported);
}

}  // namespace

ResultRows::ResultRows(std::shared_ptr<Session> session, arrow::MemoryPool* pool)
    : session_(std::move(session)), pool_(pool) {}

ResultRows::~ResultRows() = default;

Status ResultRows::Begin(Watchdog::Watch watch, std::optional<std::chrono::milliseconds> timeout) {
  watch_ = std::move(watch);
  timeout_ = timeout;
  options_ = DuckArrowOptions(duckdb_result_get_arrow_options(&result()));
  return SchemaOf(&result(), options_).Value(&schema_);
}

Result<std::shared_ptr<arrow::RecordBatch>> ResultRows::Fetch() {
  const DuckChunk chunk(duckdb_fetch_chunk(result()));
  if (chunk.get() == nullptr) {
    const char* const failure = duckdb_result_error(&result());
    if (failure != nullptr && *failure != '\0') {
      if (watch_.timed_out()) {
        return MakeError(ErrorCode::kTimeout,
                         fmt::format("the rows were not there in {} ms", timeout_->count()),
                         {"timeout_ms"});
      }
      return DuckFailure(duckdb_result_error_type(&result()), failure);
    }
    return nullptr;
  }
  ArrowArray exported{};
  ARROW_RETURN_NOT_OK(
      CheckDuck(duckdb_data_chunk_to_arrow(options_.get(), chunk.get(), &exported)));
  return arrow::ImportRecordBatch(&exported, schema_);
}

Status ResultRows::ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) {
  *batch = nullptr;
  arrow::RecordBatchVector parts;
  while (!ended_ && parts.size() < gathered_) {
    ARROW_ASSIGN_OR_RAISE(auto part, Fetch());
    if (part == nullptr) {
      (void)Close();
    } else if (part->num_rows() > 0) {
      parts.push_back(std::move(part));
    }
  }
  gathered_ = std::min(kMostChunks, 2 * gathered_);
  if (parts.empty()) return Status::OK();
  if (parts.size() == 1) {
    *batch = std::move(parts[0]);
    return Status::OK();
  }
  return arrow::ConcatenateRecordBatches(parts, pool_).Value(batch);
}

Status ResultRows::Close() {
  ended_ = true;
  watch_.End();
  return Status::OK();
}

}  // namespace headrace::sql
