#include "delivery/table_rows.h"

#include <algorithm>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "codec/ipc_messages.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::delivery {
namespace {

Status Misplaced(std::string message, const char* field) {
  return MakeError(ErrorCode::kInvalidArgument, std::move(message), {field});
}

}  // namespace

TableRows::TableRows(std::shared_ptr<arrow::RecordBatchReader> reader, MemoryBudget* budget)
    : reader_(std::move(reader)),
      budget_(budget),
      row_bytes_(GuessedRowBytes(*reader_->schema())) {}

Result<std::unique_ptr<TableRows>> TableRows::Open(const catalog::Entry& entry, LiveRequest request,
                                                   std::optional<int64_t> tail,
                                                   std::shared_ptr<std::atomic<bool>> stop,
                                                   MemoryBudget* budget) {
  if (request.features) {
    return Misplaced("features are of live windows: leave them out for " + entry.full_name(),
                     "features");
  }
  TableRequest read{.filter = std::move(request.filter),
                    .columns = std::move(request.columns),
                    .stop = std::move(stop)};
  if (tail) {
    const auto num_rows = entry.source->statistics().num_rows;
    if (!num_rows || !read.filter.empty()) {
      return Misplaced(
          "tail goes with live windows, and without a filter with tables that know "
          "their length",
          "tail");
    }
    read.offset = std::max<int64_t>(0, *num_rows - *tail);
  }
  ARROW_ASSIGN_OR_RAISE(auto reader, OpenTable(*entry.source, read, budget));
  auto rows = std::unique_ptr<TableRows>(new TableRows(std::move(reader), budget));
  ARROW_ASSIGN_OR_RAISE(rows->schema_message_,
                        codec::EncodeSchemaMessage(*rows->reader_->schema(), budget));
  return rows;
}

Result<LivePiece> TableRows::Next(int64_t most_bytes) {
  LivePiece piece{.schema = schema_message_, .first_row = next_row_};
  while (batch_ == nullptr || next_in_batch_ == batch_->num_rows()) {
    next_in_batch_ = 0;
    ARROW_RETURN_NOT_OK(reader_->ReadNext(&batch_));
    if (batch_ == nullptr) return piece;
  }
  auto rows = static_cast<int64_t>(static_cast<double>(most_bytes) / row_bytes_);
  rows = std::clamp<int64_t>(rows, 1, batch_->num_rows() - next_in_batch_);
  while (true) {
    ARROW_ASSIGN_OR_RAISE(
        piece.rows, codec::EncodeBatchMessages(*batch_->Slice(next_in_batch_, rows), budget_));
    if (rows >= 64) {
      row_bytes_ =
          std::max(1.0, static_cast<double>(piece.rows->size()) / static_cast<double>(rows));
    }
    if (rows == 1 || piece.rows->size() <= 2 * most_bytes) break;
    rows /= 2;
  }
  next_in_batch_ += rows;
  piece.num_rows = rows;
  piece.next_row = next_row_ += rows;
  return piece;
}

}  // namespace headrace::delivery
