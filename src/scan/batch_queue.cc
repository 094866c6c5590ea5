#include "scan/batch_queue.h"

#include <utility>

#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>

#include "headrace/error_code.h"

namespace headrace::scan {

int64_t BatchQueue::Begin() {
  std::lock_guard lock(mutex_);
  ++open_;
  if (ordered_ || pieces_.empty()) pieces_.emplace_back();
  return ordered_ ? begun_++ : 0;
}

bool BatchQueue::Push(int64_t piece, std::shared_ptr<arrow::RecordBatch> batch) {
  const int64_t bytes = arrow::util::TotalBufferSize(*batch);
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] {
    return cancelled_ || bytes_ == 0 || bytes_ + bytes <= max_bytes_ ||
           (ordered_ && piece == front_ && At(piece).batches.empty());
  });
  if (cancelled_) return false;
  bytes_ += bytes;
  At(piece).batches.push_back(std::move(batch));
  if (!ordered_ || piece == front_) more_.notify_one();
  return true;
}

void BatchQueue::End(int64_t piece, Status status) {
  std::lock_guard lock(mutex_);
  if (cancelled_) return;
  --open_;
  if (ordered_) {
    At(piece).status = std::move(status);
    At(piece).ended = true;
  } else if (!status.ok() && last_status_.ok()) {
    last_status_ = std::move(status);
  }
  more_.notify_one();
}

void BatchQueue::Seal(Status status) {
  std::lock_guard lock(mutex_);
  sealed_ = true;
  if (last_status_.ok()) last_status_ = std::move(status);
  more_.notify_one();
}

void BatchQueue::Cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  pieces_.clear();
  front_ = begun_;
  room_.notify_all();
  more_.notify_all();
}

Result<std::shared_ptr<arrow::RecordBatch>> BatchQueue::Pop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (cancelled_) return MakeError(ErrorCode::kCancelled, "the scan was cancelled");
    if (!pieces_.empty() && !pieces_.front().batches.empty()) {
      auto batch = std::move(pieces_.front().batches.front());
      pieces_.front().batches.pop_front();
      bytes_ -= arrow::util::TotalBufferSize(*batch);
      room_.notify_all();
      return batch;
    }
    if (ordered_ && !pieces_.empty() && pieces_.front().ended) {
      if (!pieces_.front().status.ok()) return pieces_.front().status;
      pieces_.pop_front();
      ++front_;
      room_.notify_all();
      continue;
    }
    if (sealed_ && (ordered_ ? pieces_.empty() : open_ == 0)) {
      if (!last_status_.ok()) return last_status_;
      return nullptr;
    }
    if (!ordered_ && !last_status_.ok()) return last_status_;
    more_.wait(lock);
  }
}

}  // namespace headrace::scan
