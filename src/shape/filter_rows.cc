#include "shape/filter_rows.h"

#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>

#include "expr/filter.h"

namespace headrace::shape {
namespace {

namespace cp = arrow::compute;

class FilterReader final : public arrow::RecordBatchReader {
 public:
  FilterReader(std::shared_ptr<arrow::RecordBatchReader> reader,
               std::shared_ptr<const cp::Expression> filter, arrow::MemoryPool* pool)
      : reader_(std::move(reader)), filter_(std::move(filter)), pool_(pool) {}

  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    while (true) {
      ARROW_RETURN_NOT_OK(reader_->ReadNext(batch));
      if (*batch == nullptr) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(const auto mask, expr::FilterMask(*filter_, **batch, pool_));
      const int64_t rows = mask->true_count();
      if (rows == 0) continue;
      if (rows == (*batch)->num_rows()) return Status::OK();
      cp::ExecContext context(pool_, nullptr);
      ARROW_ASSIGN_OR_RAISE(const arrow::Datum kept,
                            cp::Filter(*batch, mask, cp::FilterOptions::Defaults(), &context));
      *batch = kept.record_batch();
      return Status::OK();
    }
  }

  Status Close() override { return reader_->Close(); }

 private:
  std::shared_ptr<arrow::RecordBatchReader> reader_;
  std::shared_ptr<const cp::Expression> filter_;
  arrow::MemoryPool* pool_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> FilterRows(
    std::shared_ptr<arrow::RecordBatchReader> reader, std::shared_ptr<const cp::Expression> filter,
    arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(cp::Initialize());
  return std::make_shared<FilterReader>(std::move(reader), std::move(filter), pool);
}

}  // namespace headrace::shape
