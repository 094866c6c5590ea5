// Closing a reader from another thread ends the work, whatever it waits for.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "shape/downsample.h"
#include "shape/order_by.h"
#include "shape/sample.h"
#include "testing/batches.h"

namespace headrace::shape {
namespace {

using ReaderPtr = std::shared_ptr<arrow::RecordBatchReader>;

/// Gives a batch, and then none until it is closed.
class WaitingReader final : public arrow::RecordBatchReader {
 public:
  std::shared_ptr<arrow::Schema> schema() const override { return batch_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    std::unique_lock lock(mutex_);
    *batch = batch_;
    if (!std::exchange(given_, true)) return Status::OK();
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return closed_; });
    *batch = nullptr;
    return Status::OK();
  }

  Status Close() override {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
    return Status::OK();
  }

  void WaitUntilRead() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_; });
  }

 private:
  const std::shared_ptr<arrow::RecordBatch> batch_ = testing::Numbers(0, 100);
  std::mutex mutex_;
  std::condition_variable changed_;
  bool given_ = false;
  bool waiting_ = false;
  bool closed_ = false;
};

TEST(StoppedReaders, EndTheirWork) {
  MemoryBudget budget(int64_t{1} << 30);
  const std::vector<std::function<Result<ReaderPtr>(ReaderPtr)>> shapes = {
      [&](ReaderPtr input) {
        return Downsample(std::move(input), {.x = "a", .y = {"b"}, .points = 10}, &budget);
      },
      [&](ReaderPtr input) { return Sample(std::move(input), {.rows = 10}, &budget); },
      [&](ReaderPtr input) { return OrderBy(std::move(input), {{"b"}}, &budget); },
      [&](ReaderPtr input) { return OrderBy(std::move(input), {{"b"}}, &budget, {.limit = 10}); }};
  for (const auto& shape : shapes) {
    const auto input = std::make_shared<WaitingReader>();
    const ReaderPtr reader = shape(input).ValueOrDie();
    Status status;
    std::thread reading([&] {
      std::shared_ptr<arrow::RecordBatch> batch;
      status = reader->ReadNext(&batch);
    });
    input->WaitUntilRead();
    EXPECT_TRUE(reader->Close().ok());
    reading.join();
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(CodeOf(status), ErrorCode::kCancelled);
    EXPECT_EQ(budget.used_bytes(), 0);
  }
}

}  // namespace
}  // namespace headrace::shape
