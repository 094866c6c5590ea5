#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/record_batch.h>

#include "headrace/error_code.h"
#include "headrace/status.h"

namespace headrace::shape {

/// Rows of a batch, at most, where those of the input are given out anew: in an order, a sample, a
/// chart.
inline constexpr int64_t kComputedBatchRows = 1 << 15;

/// A reader that has rows only when all of its inputs were read: groups, an order, a sample, a
/// chart. The first ReadNext() reads them, in its thread, and closes them.
///
/// Thread rule: one thread reads. Any thread may call Close(): it ends a read that is running,
/// which then fails with kCancelled, waits for it, and lets go of what is held.
class ComputedReader : public arrow::RecordBatchReader {
 public:
  std::shared_ptr<arrow::Schema> schema() const final { return schema_; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) final;
  Status Close() final;

 protected:
  using Inputs = std::vector<std::shared_ptr<arrow::RecordBatchReader>>;

  /// `what` is computed: "the ordering".
  ComputedReader(Inputs inputs, std::shared_ptr<arrow::Schema> schema, std::string_view what)
      : inputs_(std::move(inputs)), schema_(std::move(schema)), what_(what) {}

  /// Reads the inputs. Called once, and followed by Release() if it fails. One at a time with the
  /// two below.
  virtual Status Compute() = 0;
  /// The next rows of what was computed; null at the end, and after Release().
  virtual Status NextBatch(std::shared_ptr<arrow::RecordBatch>* batch) = 0;
  /// Lets go of all that is held.
  virtual void Release() = 0;

  const Inputs& inputs() const { return inputs_; }
  arrow::RecordBatchReader& input() const { return *inputs_.front(); }

  /// Ends all ReadAll() that are running.
  void Stop() { stop_ = true; }

  /// Gives `take` each batch of an input. Any number of threads, each with an input of its own.
  template <typename Take>
  Status ReadAll(arrow::RecordBatchReader& input, const Take& take) const {
    std::shared_ptr<arrow::RecordBatch> batch;
    for (;;) {
      const Status read = input.ReadNext(&batch);
      // A reader that was closed says what it likes, or gives no more rows.
      if (stop_) return Stopped();
      ARROW_RETURN_NOT_OK(read);
      if (batch == nullptr) return Status::OK();
      ARROW_RETURN_NOT_OK(take(std::move(batch)));
    }
  }

 private:
  Status Run();
  Status CloseInputs() const;
  Status Stopped() const;

  const Inputs inputs_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::string_view what_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;  // guards what follows, and what is computed
  Status status_;
  bool computed_ = false;
};

}  // namespace headrace::shape
