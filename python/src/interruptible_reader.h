#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include <arrow/record_batch.h>

#include "headrace/status.h"

namespace headrace::python {

/// Reads in a thread of its own, one batch when asked, so that the main thread can see Ctrl-C while
/// it waits: Python runs signal handlers nowhere else. Reads ahead of nobody. Other threads read by
/// themselves.
/// Thread rule: all methods from any thread; a ReadNext() beside another is kInvalidArgument. None
/// needs the GIL; ReadNext() takes it now and then.
class InterruptibleReader final : public arrow::RecordBatchReader {
 public:
  /// `source` is kept for as long as the reader.
  InterruptibleReader(std::shared_ptr<arrow::RecordBatchReader> reader,
                      std::shared_ptr<const void> source);
  ~InterruptibleReader() override;

  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }
  /// kCancelled after Ctrl-C: its exception is then raised where the main thread runs Python next.
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override;
  Status Close() override;

 private:
  Status ReadThere(std::shared_ptr<arrow::RecordBatch>* batch);
  void Work();

  const std::shared_ptr<const void> source_;
  const std::shared_ptr<arrow::RecordBatchReader> reader_;
  std::mutex reading_;  // held by who reads
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
  bool answered_ = false;
  bool closed_ = false;
  Status status_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::jthread thread_;  // started by the first ReadNext() of the main thread
};

}  // namespace headrace::python
