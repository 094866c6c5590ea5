#include "codec/validated_reader.h"

#include <utility>

#include <arrow/record_batch.h>

#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

class ValidatedReader final : public arrow::RecordBatchReader {
 public:
  explicit ValidatedReader(std::shared_ptr<arrow::RecordBatchReader> reader)
      : reader_(std::move(reader)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    Status status = reader_->ReadNext(batch);
    if (status.ok() && *batch != nullptr) {
      status = (*batch)->ValidateFull();
    }
    if (!status.ok()) {
      *batch = nullptr;
      return BodyError(status);
    }
    return Status::OK();
  }

  Status Close() override { return reader_->Close(); }

 private:
  std::shared_ptr<arrow::RecordBatchReader> reader_;
};

}  // namespace

Status BodyError(const Status& status) {
  if (status.ok() || status.IsOutOfMemory() || status.IsCancelled()) {
    return status;
  }
  return MakeError(ErrorCode::kMalformedBody, status.message());
}

std::shared_ptr<arrow::RecordBatchReader> ValidateBatches(
    std::shared_ptr<arrow::RecordBatchReader> reader) {
  return std::make_shared<ValidatedReader>(std::move(reader));
}

}  // namespace headrace::codec
