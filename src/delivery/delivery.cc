#include "delivery/delivery.h"

#include <chrono>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "catalog/catalog.h"
#include "headrace/memory_budget.h"

namespace headrace::delivery {
namespace {

using Clock = std::chrono::steady_clock;

/// Tells the observer how one operation went, whichever way it ends.
class Account {
 public:
  Account(Observer* observer, Operation operation) noexcept
      : observer_(observer), operation_(operation) {
    if (observer_ != nullptr) begin_ = Clock::now();
  }

  Status Done(Status status, int64_t rows = 0) const noexcept {
    if (observer_ != nullptr) observer_->OnDone(operation_, status, rows, Clock::now() - begin_);
    return status;
  }

  template <typename T, typename CountRows>
  Result<T> Done(Result<T> result, CountRows count_rows) const noexcept {
    (void)Done(result.status(), result.ok() ? count_rows(*result) : 0);
    return result;
  }

 private:
  Observer* const observer_;
  const Operation operation_;
  Clock::time_point begin_;
};

Status DoCreate(catalog::Catalog* catalog, CreateBuffer request) {
  LiveWindowOptions options{.name = std::move(request.buffer_id),
                            .window_size = request.window_size,
                            .schema = std::move(request.schema)};
  if (request.history_rows) options.history_rows = *request.history_rows;
  return catalog->CreateBuffer(std::move(options)).status();
}

Result<AppendResult> DoAppend(catalog::Catalog* catalog, std::string_view buffer_id,
                              const RowBatch& rows) {
  ARROW_ASSIGN_OR_RAISE(auto window, catalog->FindBuffer(buffer_id));
  return window->Append(rows);
}

Result<AppendResult> DoAppend(catalog::Catalog* catalog, std::string_view buffer_id,
                              arrow::RecordBatchReader& rows) {
  ARROW_ASSIGN_OR_RAISE(auto window, catalog->FindBuffer(buffer_id));
  ARROW_ASSIGN_OR_RAISE(const int64_t appended, window->Append(rows));
  const LiveWindowStats stats = window->stats();
  return AppendResult{
      .appended = appended, .buffer_size = stats.size, .avg_append_ms = stats.avg_append_ms};
}

Result<std::shared_ptr<arrow::RecordBatch>> DoRead(catalog::Catalog* catalog,
                                                   const ReadRows& request) {
  ARROW_ASSIGN_OR_RAISE(auto window, catalog->FindBuffer(request.buffer_id));
  if (request.features) return window->Features(*request.features, request.tail);
  return window->Read(request.tail);
}

int64_t AppendedRows(const AppendResult& result) { return result.appended; }
int64_t ReadRowCount(const std::shared_ptr<arrow::RecordBatch>& batch) { return batch->num_rows(); }

}  // namespace

Delivery::Delivery(catalog::Catalog* catalog, Observer* observer)
    : catalog_(catalog), observer_(observer) {}

Status Delivery::Create(CreateBuffer request) {
  const Account account(observer_, Operation::kCreate);
  return account.Done(DoCreate(catalog_, std::move(request)));
}

Status Delivery::Drop(std::string_view buffer_id) {
  const Account account(observer_, Operation::kDrop);
  return account.Done(catalog_->DropBuffer(buffer_id));
}

Status Delivery::Clear(std::string_view buffer_id) {
  const Account account(observer_, Operation::kClear);
  auto window = catalog_->FindBuffer(buffer_id);
  return account.Done(window.ok() ? (*window)->Clear() : window.status());
}

Result<LiveWindowStats> Delivery::Stats(std::string_view buffer_id) const {
  ARROW_ASSIGN_OR_RAISE(auto window, catalog_->FindBuffer(buffer_id));
  return window->stats();
}

std::vector<LiveWindowStats> Delivery::List() const {
  std::vector<LiveWindowStats> all;
  for (const auto& window : catalog_->ListBuffers()) all.push_back(window->stats());
  return all;
}

Result<AppendResult> Delivery::Append(std::string_view buffer_id, const RowBatch& rows) {
  const Account account(observer_, Operation::kAppend);
  return account.Done(DoAppend(catalog_, buffer_id, rows), AppendedRows);
}

Result<AppendResult> Delivery::Append(std::string_view buffer_id, arrow::RecordBatchReader& rows) {
  const Account account(observer_, Operation::kAppend);
  return account.Done(DoAppend(catalog_, buffer_id, rows), AppendedRows);
}

Result<std::shared_ptr<arrow::RecordBatch>> Delivery::Read(const ReadRows& request) {
  const Account account(observer_, Operation::kRead);
  return account.Done(DoRead(catalog_, request), ReadRowCount);
}

Result<std::unique_ptr<codec::Encoder>> Delivery::Encode(const ReadRows& request,
                                                         codec::Format format) {
  ARROW_ASSIGN_OR_RAISE(auto batch, Read(request));
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
  return codec::MakeEncoder(format, std::move(reader), {.pool = catalog_->budget()});
}

Result<int64_t> Delivery::EstimateValues(const ReadRows& request) const {
  ARROW_ASSIGN_OR_RAISE(auto window, catalog_->FindBuffer(request.buffer_id));
  const int64_t rows = window->statistics().num_rows.value_or(window->options().window_size);
  const int64_t columns = window->schema()->num_fields();
  const int64_t derived = request.features ? request.features->DerivedPerColumn() : 0;
  return rows * columns * (1 + derived);
}

}  // namespace headrace::delivery
