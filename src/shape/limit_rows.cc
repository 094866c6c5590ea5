#include "shape/limit_rows.h"

#include <algorithm>
#include <utility>

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::shape {
namespace {

class LimitReader final : public arrow::RecordBatchReader {
 public:
  LimitReader(std::shared_ptr<arrow::RecordBatchReader> reader, const RowLimit& limit)
      : reader_(std::move(reader)), skip_(limit.offset), left_(limit.rows) {}

  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    while (left_ > 0) {
      ARROW_RETURN_NOT_OK(reader_->ReadNext(batch));
      if (*batch == nullptr) return Status::OK();
      const int64_t rows = (*batch)->num_rows();
      const int64_t begin = std::min(skip_, rows);
      const int64_t taken = std::min(left_, rows - begin);
      skip_ -= begin;
      left_ -= taken;
      if (taken == 0) continue;
      if (taken < rows) *batch = (*batch)->Slice(begin, taken);
      return left_ == 0 ? Close() : Status::OK();
    }
    return Close();
  }

  Status Close() override {
    left_ = 0;
    return std::exchange(closed_, true) ? Status::OK() : reader_->Close();
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> reader_;
  int64_t skip_;
  int64_t left_;
  bool closed_ = false;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> LimitRows(
    std::shared_ptr<arrow::RecordBatchReader> reader, const RowLimit& limit) {
  if (limit.offset < 0 || limit.rows < 0) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("offset and limit have to be at least 0, not {} and {}",
                                 limit.offset, limit.rows));
  }
  return std::make_shared<LimitReader>(std::move(reader), limit);
}

}  // namespace headrace::shape
