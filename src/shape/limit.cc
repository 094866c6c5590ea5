#include "shape/limit.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::shape {
namespace {

class LimitReader final : public arrow::RecordBatchReader {
 public:
  LimitReader(std::shared_ptr<arrow::RecordBatchReader> input, int64_t offset, int64_t limit)
      : input_(std::move(input)), offset_left_(offset), rows_left_(limit) {}

  std::shared_ptr<arrow::Schema> schema() const override { return input_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    while (rows_left_ > 0) {
      ARROW_RETURN_NOT_OK(input_->ReadNext(batch));
      if (*batch == nullptr) return Status::OK();
      const int64_t passed_over = std::min(offset_left_, (*batch)->num_rows());
      offset_left_ -= passed_over;
      const int64_t rows = std::min(rows_left_, (*batch)->num_rows() - passed_over);
      if (rows == 0) continue;
      if (rows < (*batch)->num_rows()) *batch = (*batch)->Slice(passed_over, rows);
      rows_left_ -= rows;
      return rows_left_ == 0 ? input_->Close() : Status::OK();
    }
    return input_->Close();
  }

  Status Close() override { return input_->Close(); }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> input_;
  int64_t offset_left_;
  int64_t rows_left_;
};

Status CheckNotNegative(int64_t value, const char* name) {
  if (value >= 0) return Status::OK();
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("{} is at least 0, not {}", name, value), {name});
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> Limit(
    std::shared_ptr<arrow::RecordBatchReader> input, int64_t offset, std::optional<int64_t> limit) {
  ARROW_RETURN_NOT_OK(CheckNotNegative(offset, "offset"));
  ARROW_RETURN_NOT_OK(CheckNotNegative(limit.value_or(0), "limit"));
  if (offset == 0 && !limit) return input;
  return std::make_shared<LimitReader>(std::move(input), offset,
                                       limit.value_or(std::numeric_limits<int64_t>::max()));
}

}  // namespace headrace::shape
