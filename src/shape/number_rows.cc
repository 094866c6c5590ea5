#include "shape/number_rows.h"

#include <numeric>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::shape {
namespace {

class NumberedRows final : public arrow::RecordBatchReader {
 public:
  NumberedRows(std::shared_ptr<arrow::RecordBatchReader> input,
               std::shared_ptr<arrow::Schema> schema, int64_t first, arrow::MemoryPool* pool)
      : input_(std::move(input)), schema_(std::move(schema)), next_(first), pool_(pool) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    *out = nullptr;
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(input_->ReadNext(&batch));
    if (batch == nullptr) return Status::OK();
    const int64_t rows = batch->num_rows();
    ARROW_ASSIGN_OR_RAISE(
        auto buffer, arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(int64_t)), pool_));
    auto* const numbers = reinterpret_cast<int64_t*>(buffer->mutable_data());
    std::iota(numbers, numbers + rows, next_);
    next_ += rows;
    auto columns = batch->columns();
    columns.push_back(std::make_shared<arrow::Int64Array>(
        rows, std::shared_ptr<arrow::Buffer>(std::move(buffer))));
    *out = arrow::RecordBatch::Make(schema_, rows, std::move(columns));
    return Status::OK();
  }

  Status Close() override { return input_->Close(); }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> input_;
  const std::shared_ptr<arrow::Schema> schema_;
  int64_t next_;
  arrow::MemoryPool* const pool_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> NumberRows(
    std::shared_ptr<arrow::RecordBatchReader> input, const std::string& name, int64_t first,
    arrow::MemoryPool* pool) {
  const auto schema = input->schema();
  if (!schema->GetAllFieldIndices(name).empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("a column '{}' is there: number the rows by another name", name),
                     {"row_number_column"});
  }
  ARROW_ASSIGN_OR_RAISE(auto numbered, schema->AddField(schema->num_fields(),
                                                        arrow::field(name, arrow::int64(), false)));
  return std::make_shared<NumberedRows>(std::move(input), std::move(numbered), first, pool);
}

}  // namespace headrace::shape
