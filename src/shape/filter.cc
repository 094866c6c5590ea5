#include "shape/filter.h"

#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/expression.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>

#include "expr/filter.h"

namespace headrace::shape {
namespace {

class FilterReader final : public arrow::RecordBatchReader {
 public:
  FilterReader(std::shared_ptr<arrow::RecordBatchReader> input,
               std::shared_ptr<const arrow::compute::Expression> filter, arrow::MemoryPool* pool)
      : input_(std::move(input)), filter_(std::move(filter)), context_(pool) {}

  std::shared_ptr<arrow::Schema> schema() const override { return input_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    for (;;) {
      ARROW_RETURN_NOT_OK(input_->ReadNext(batch));
      if (*batch == nullptr) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(const auto mask,
                            expr::FilterMask(*filter_, **batch, context_.memory_pool()));
      const int64_t rows = mask->true_count();
      if (rows == 0) continue;
      if (rows == (*batch)->num_rows()) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(
          const arrow::Datum kept,
          arrow::compute::Filter(*batch, mask, arrow::compute::FilterOptions::Defaults(),
                                 &context_));
      *batch = kept.record_batch();
      return Status::OK();
    }
  }

  Status Close() override { return input_->Close(); }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> input_;
  const std::shared_ptr<const arrow::compute::Expression> filter_;
  arrow::compute::ExecContext context_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> Filter(
    std::shared_ptr<arrow::RecordBatchReader> input,
    std::shared_ptr<const arrow::compute::Expression> filter, arrow::MemoryPool* pool) {
  static const Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  return std::make_shared<FilterReader>(std::move(input), std::move(filter), pool);
}

}  // namespace headrace::shape
