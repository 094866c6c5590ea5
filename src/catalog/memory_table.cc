#include "catalog/memory_table.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/device.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include "base/shared_memory.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::catalog {
namespace {

/// A reader that stops between batches, and a long batch is cut so that it can.
constexpr int64_t kBatchRows = 1 << 18;

/// Fewer bytes are sent sooner than shared, and would cost a descriptor.
constexpr int64_t kSharedBytes = 1 << 20;

class Slices final : public arrow::RecordBatchReader {
 public:
  Slices(std::shared_ptr<arrow::Schema> schema, arrow::RecordBatchVector batches)
      : schema_(std::move(schema)), batches_(std::move(batches)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    *out = nullptr;
    while (next_ < batches_.size() && at_ == batches_[next_]->num_rows()) {
      ++next_;
      at_ = 0;
    }
    if (next_ == batches_.size()) return Status::OK();
    const int64_t rows = std::min(kBatchRows, batches_[next_]->num_rows() - at_);
    *out = batches_[next_]->Slice(at_, rows);
    at_ += rows;
    return Status::OK();
  }

  Status Close() override {
    next_ = batches_.size();
    return Status::OK();
  }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  const arrow::RecordBatchVector batches_;
  size_t next_ = 0;
  int64_t at_ = 0;
};

Status CheckNames(const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) {
    if (schema.GetAllFieldIndices(field->name()).size() == 1) continue;
    return MakeError(
        ErrorCode::kInvalidArgument,
        fmt::format("the column '{}' is there twice: names have to differ", field->name()),
        {field->name()});
  }
  return Status::OK();
}

/// `batch` in `pool`, with every column from its array's start.
Result<std::shared_ptr<arrow::RecordBatch>> Copy(const arrow::RecordBatch& batch,
                                                 arrow::MemoryPool* pool) {
  arrow::ArrayVector columns;
  for (const auto& column : batch.columns()) {
    if (column->offset() == 0) {
      ARROW_ASSIGN_OR_RAISE(auto copy, column->CopyTo(arrow::CPUDevice::memory_manager(pool)));
      columns.push_back(std::move(copy));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto copy, arrow::Concatenate({column}, pool));
      columns.push_back(std::move(copy));
    }
  }
  return arrow::RecordBatch::Make(batch.schema(), batch.num_rows(), std::move(columns));
}

}  // namespace

struct MemoryTable::Impl {
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<base::SharedMemory> shared;
  arrow::RecordBatchVector batches;
  int64_t num_rows = 0;
  int64_t num_bytes = 0;
  bool shares = false;  // or has tried to
  const uint64_t epoch = NewEpoch();

  Status Add(const arrow::RecordBatch& batch, MemoryBudget* budget) {
    if (!shares && num_bytes + arrow::util::TotalBufferSize(batch) >= kSharedBytes) {
      ARROW_RETURN_NOT_OK(Share(budget));
    }
    arrow::MemoryPool* const pool =
        shared != nullptr ? static_cast<arrow::MemoryPool*>(shared.get()) : budget;
    ARROW_ASSIGN_OR_RAISE(auto copy, Copy(batch, pool));
    num_rows += copy->num_rows();
    num_bytes += arrow::util::TotalBufferSize(*copy);
    batches.push_back(std::move(copy));
    return Status::OK();
  }

  Status Share(MemoryBudget* budget) {
    shares = true;
    auto made = base::SharedMemory::Make(budget, "tables");
    if (!made.ok()) return Status::OK();  // no descriptor left: then the rows lie elsewhere
    shared = *std::move(made);
    for (auto& batch : batches) {
      ARROW_ASSIGN_OR_RAISE(batch, Copy(*batch, shared.get()));
    }
    return Status::OK();
  }

  /// Rows [begin, end).
  arrow::RecordBatchVector Between(int64_t begin, int64_t end) const {
    arrow::RecordBatchVector some;
    int64_t first = 0;
    for (const auto& batch : batches) {
      const int64_t from = std::clamp<int64_t>(begin - first, 0, batch->num_rows());
      const int64_t to = std::clamp<int64_t>(end - first, 0, batch->num_rows());
      if (from < to) some.push_back(batch->Slice(from, to - from));
      first += batch->num_rows();
    }
    return some;
  }

  Result<std::vector<int>> Places(const std::vector<std::string>& columns) const {
    std::vector<int> places;
    for (const std::string& name : columns) {
      places.push_back(schema->GetFieldIndex(name));
      if (places.back() >= 0) continue;
      return MakeError(ErrorCode::kUnknownName, fmt::format("there is no column '{}'", name),
                       {"columns", name});
    }
    return places;
  }
};

MemoryTable::MemoryTable(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MemoryTable::~MemoryTable() = default;

Result<std::shared_ptr<MemoryTable>> MemoryTable::Make(arrow::RecordBatchReader& reader,
                                                       MemoryBudget* budget) {
  auto impl = std::make_unique<Impl>();
  impl->schema = reader.schema();
  ARROW_RETURN_NOT_OK(CheckNames(*impl->schema));
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (batch == nullptr) break;
    if (batch->num_rows() == 0) continue;
    ARROW_RETURN_NOT_OK(impl->Add(*batch, budget));
  }
  if (impl->shared != nullptr) ARROW_RETURN_NOT_OK(impl->shared->Seal());
  return std::shared_ptr<MemoryTable>(new MemoryTable(std::move(impl)));
}

std::shared_ptr<arrow::Schema> MemoryTable::schema() const { return impl_->schema; }

std::shared_ptr<base::SharedMemory> MemoryTable::shared_memory() const { return impl_->shared; }

SourceStatistics MemoryTable::statistics() const {
  return {.num_rows = impl_->num_rows, .num_bytes = impl_->num_bytes, .epoch = impl_->epoch};
}

Result<OpenedSource> MemoryTable::Open(const ReadRequest& request) {
  const int64_t rows = impl_->num_rows;
  const int64_t limit = std::clamp<int64_t>(request.limit.value_or(rows), 0, rows);
  const int64_t begin =
      std::clamp<int64_t>(request.from_end ? rows - limit : request.start_row, 0, rows);
  auto schema = impl_->schema;
  auto batches = impl_->Between(begin, std::min(rows, begin + limit));
  if (request.columns) {
    ARROW_ASSIGN_OR_RAISE(const auto places, impl_->Places(*request.columns));
    arrow::FieldVector fields;
    for (const int place : places) fields.push_back(schema->field(place));
    schema = arrow::schema(std::move(fields), schema->metadata());
    for (auto& batch : batches) {
      ARROW_ASSIGN_OR_RAISE(batch, batch->SelectColumns(places));
    }
  }
  return OpenedSource{.reader = std::make_shared<Slices>(std::move(schema), std::move(batches)),
                      .columns_applied = true,
                      .limit_applied = true,
                      .start_applied = true,
                      .first_row = begin,
                      .end_row = rows,
                      .epoch = impl_->epoch};
}

}  // namespace headrace::catalog
