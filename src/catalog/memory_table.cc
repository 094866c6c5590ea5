#include "catalog/memory_table.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <arrow/device.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::catalog {
namespace {

/// A reader that stops between batches, and a long batch is cut so that it can.
constexpr int64_t kBatchRows = 1 << 18;

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

}  // namespace

struct MemoryTable::Impl {
  std::shared_ptr<arrow::Schema> schema;
  arrow::RecordBatchVector batches;
  int64_t num_rows = 0;
  int64_t num_bytes = 0;
  const uint64_t epoch = NewEpoch();

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

Result<std::shared_ptr<MemoryTable>> MemoryTable::Make(arrow::RecordBatchReader& reader, bool copy,
                                                       arrow::MemoryPool* pool) {
  auto impl = std::make_unique<Impl>();
  impl->schema = reader.schema();
  ARROW_RETURN_NOT_OK(CheckNames(*impl->schema));
  const auto memory = arrow::CPUDevice::memory_manager(pool);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (batch == nullptr) break;
    if (batch->num_rows() == 0) continue;
    if (copy) {
      ARROW_ASSIGN_OR_RAISE(batch, batch->CopyTo(memory));
    }
    impl->num_rows += batch->num_rows();
    impl->num_bytes += arrow::util::TotalBufferSize(*batch);
    impl->batches.push_back(std::move(batch));
  }
  return std::shared_ptr<MemoryTable>(new MemoryTable(std::move(impl)));
}

std::shared_ptr<arrow::Schema> MemoryTable::schema() const { return impl_->schema; }

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
