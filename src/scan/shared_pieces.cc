#include "scan/shared_pieces.h"

#include <atomic>
#include <mutex>
#include <utility>

#include <arrow/record_batch.h>

#include "headrace/status.h"

namespace headrace::scan {
namespace {

struct SharedPieces {
  std::mutex mutex;
  std::unique_ptr<PieceSource> pieces;  // null once the last was taken
  Status status;

  Result<std::unique_ptr<PieceReader>> Next() {
    std::lock_guard lock(mutex);
    if (pieces == nullptr) return Ended();
    auto next = pieces->Next();
    if (!next.ok()) status = next.status();
    if (!next.ok() || *next == nullptr) pieces = nullptr;
    return next;
  }

  void Fail(const Status& failure) {
    std::lock_guard lock(mutex);
    if (status.ok()) status = failure;
    pieces = nullptr;
  }

 private:
  Result<std::unique_ptr<PieceReader>> Ended() const {
    if (!status.ok()) return status;
    return nullptr;
  }
};

class SharingReader final : public arrow::RecordBatchReader {
 public:
  SharingReader(std::shared_ptr<arrow::Schema> schema, std::shared_ptr<SharedPieces> shared,
                std::shared_ptr<std::atomic<bool>> stop)
      : schema_(std::move(schema)), stop_(std::move(stop)), shared_(std::move(shared)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    std::lock_guard lock(mutex_);
    while (shared_ != nullptr) {
      if (piece_ == nullptr) {
        ARROW_ASSIGN_OR_RAISE(piece_, shared_->Next());
        if (piece_ == nullptr) {
          shared_.reset();
          break;
        }
      }
      auto next = piece_->Next();
      if (!next.ok()) {
        shared_->Fail(next.status());
        return next.status();
      }
      if (*next != nullptr) {
        *batch = std::move(*next);
        return Status::OK();
      }
      piece_.reset();
    }
    return Status::OK();
  }

  Status Close() override {
    *stop_ = true;
    std::lock_guard lock(mutex_);
    piece_.reset();
    shared_.reset();
    return Status::OK();
  }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  const std::shared_ptr<std::atomic<bool>> stop_;
  std::mutex mutex_;  // held by who reads; guards what follows
  std::shared_ptr<SharedPieces> shared_;
  std::unique_ptr<PieceReader> piece_;
};

}  // namespace

std::vector<std::shared_ptr<arrow::RecordBatchReader>> ShareAmong(
    std::shared_ptr<arrow::Schema> schema, std::unique_ptr<PieceSource> pieces, int num_readers,
    std::shared_ptr<std::atomic<bool>> stop) {
  auto shared = std::make_shared<SharedPieces>();
  shared->pieces = std::move(pieces);
  std::vector<std::shared_ptr<arrow::RecordBatchReader>> readers;
  for (int i = 0; i < num_readers; ++i) {
    readers.push_back(std::make_shared<SharingReader>(schema, shared, stop));
  }
  return readers;
}

}  // namespace headrace::scan
