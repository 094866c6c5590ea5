#include "delivery/live_rows.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/compute/expression.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "codec/ipc_messages.h"
#include "expr/filter.h"
#include "headrace/change_signal.h"
#include "headrace/error_code.h"
#include "headrace/live_window.h"
#include "headrace/memory_budget.h"
#include "shape/filter.h"
#include "shape/select.h"

namespace headrace::delivery {
namespace {

// Around the columns of a batch: what a message takes however few its rows are.
constexpr int64_t kMessageBytes = 1024;
// A filter that little passes shall not look at a whole window in one go.
constexpr int64_t kMostRowsAtATime = 1 << 17;

Status NotFollowed(std::string_view table) {
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("'{}' is no live window: it has no features to follow", table),
                   {"features"});
}

/// What passes a filter may come in several batches.
Result<std::shared_ptr<arrow::RecordBatch>> OneBatch(arrow::RecordBatchReader& reader,
                                                     arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto batches, reader.ToRecordBatches());
  if (batches.size() == 1) return batches.front();
  ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches(reader.schema(), batches));
  return table->CombineChunksToBatch(pool);
}

}  // namespace

LiveRows::LiveRows(const catalog::Entry& entry, LiveRequest request, MemoryBudget* budget)
    : source_(entry.source),
      window_(std::dynamic_pointer_cast<LiveWindow>(entry.source)),
      request_(std::move(request)),
      budget_(budget),
      changes_(entry.source->changes()) {}

Result<std::unique_ptr<LiveRows>> LiveRows::Open(const catalog::Entry& entry, LiveRequest request,
                                                 MemoryBudget* budget) {
  auto rows = std::unique_ptr<LiveRows>(new LiveRows(entry, std::move(request), budget));
  if (rows->changes_ == nullptr || (rows->request_.features && rows->window_ == nullptr)) {
    return NotFollowed(entry.full_name());
  }
  if (rows->window_ != nullptr) rows->window_rows_ = rows->window_->options().window_size;
  ARROW_RETURN_NOT_OK(rows->ReadPiece(0, 0));
  return rows;
}

LiveRows::Extent LiveRows::extent() const {
  const SourceStatistics statistics = source_->statistics();
  return {.first_row = statistics.first_row,
          .end_row = statistics.first_row + statistics.num_rows.value_or(0),
          .epoch = statistics.epoch};
}

double GuessedRowBytes(const arrow::Schema& schema) {
  constexpr double kValueBytes = 16;
  return kValueBytes * std::max(1, schema.num_fields());
}

int64_t LiveRows::RowsIn(int64_t bytes) const noexcept {
  return std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(bytes) / row_bytes_));
}

Result<LivePiece> LiveRows::Read(int64_t start_row, int64_t most_rows, int64_t most_bytes) {
  most_rows = std::min({most_rows, RowsIn(most_bytes), kMostRowsAtATime});
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto piece, ReadPiece(start_row, most_rows));
    if (piece.rows == nullptr) return piece;
    const int64_t looked_at = piece.next_row - piece.first_row;
    const int64_t bytes = piece.rows->size() - kMessageBytes;
    if (piece.num_rows >= 64)
      row_bytes_ = std::max(1.0, static_cast<double>(bytes) / static_cast<double>(looked_at));
    if (looked_at == 1 || bytes <= 2 * most_bytes) return piece;
    most_rows = looked_at / 2;
  }
}

Result<LivePiece> LiveRows::ReadPiece(int64_t start_row, int64_t most_rows) {
  const ReadRequest read{.start_row = start_row, .limit = most_rows};
  ARROW_ASSIGN_OR_RAISE(OpenedSource opened, request_.features
                                                 ? window_->OpenFeatures(*request_.features, read)
                                                 : source_->Open(read));
  if (!opened.start_applied || !opened.limit_applied || !opened.end_row) {
    return MakeError(ErrorCode::kInternal, "a source that changes does not number its rows");
  }
  LivePiece piece{.first_row = opened.first_row, .end_row = *opened.end_row, .epoch = opened.epoch};
  const int64_t there = piece.end_row - piece.first_row;
  piece.next_row = piece.first_row + std::clamp<int64_t>(most_rows, 0, there);
  ARROW_RETURN_NOT_OK(Encode(std::move(opened.reader), &piece));
  return piece;
}

Status LiveRows::Encode(std::shared_ptr<arrow::RecordBatchReader> reader, LivePiece* piece) {
  const auto schema = reader->schema();
  const bool same = read_schema_ != nullptr && read_schema_->Equals(*schema);
  auto filter = filter_;
  if (!same && !request_.filter.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto parsed, expr::ParseFilter(request_.filter, *schema));
    filter = std::make_shared<const arrow::compute::Expression>(std::move(parsed));
  }
  if (filter != nullptr) {
    ARROW_ASSIGN_OR_RAISE(reader, shape::Filter(std::move(reader), filter, budget_));
  }
  if (request_.columns) {
    ARROW_ASSIGN_OR_RAISE(reader, shape::Select(std::move(reader), *request_.columns));
  }
  if (!same) {
    ARROW_ASSIGN_OR_RAISE(auto message, codec::EncodeSchemaMessage(*reader->schema(), budget_));
    // Columns that came and were not asked for change nothing.
    if (schema_message_ == nullptr || !schema_message_->Equals(*message)) {
      schema_message_ = std::move(message);
      row_bytes_ = GuessedRowBytes(*reader->schema());
    }
    filter_ = std::move(filter);
    read_schema_ = schema;
  }
  piece->schema = schema_message_;
  ARROW_ASSIGN_OR_RAISE(const auto batch, OneBatch(*reader, budget_));
  piece->num_rows = batch->num_rows();
  if (piece->num_rows == 0) return Status::OK();
  return codec::EncodeBatchMessages(*batch, budget_).Value(&piece->rows);
}

}  // namespace headrace::delivery
