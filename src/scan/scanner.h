#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <arrow/record_batch.h>

#include "headrace/status.h"
#include "scan/batch_queue.h"
#include "scan/piece.h"

namespace headrace::scan {

struct ScannerOptions {
  int num_threads = 1;  ///< 1: the pieces are read by the thread that takes the batches
  bool ordered = true;  ///< batches in the order of the pieces
  int64_t queue_bytes = 1 << 24;
  int64_t max_rows = -1;                    ///< stop after so many; -1: none
  std::shared_ptr<std::atomic<bool>> stop;  ///< set by Close(), for the readers of the pieces
};

/// Runs the pieces of a scan and hands over their batches: the reader that a scan gives out.
/// Each thread takes the next piece when it is done with one, so that no thread waits for work
/// while there is some. Thread rule: as RecordBatchReader; Close() may come from another thread,
/// and stops the work within the time of a window.
class Scanner final : public arrow::RecordBatchReader {
 public:
  Scanner(std::shared_ptr<arrow::Schema> schema, std::unique_ptr<PieceSource> pieces,
          const ScannerOptions& options);
  ~Scanner() override;

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override;
  Status Close() override;

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> NextHere();
  Result<std::shared_ptr<arrow::RecordBatch>> Next();
  void StartThreads();
  void Work();

  const std::shared_ptr<arrow::Schema> schema_;
  const ScannerOptions options_;
  std::unique_ptr<PieceSource> pieces_;  // guarded by pieces_mutex_ while threads run
  std::mutex pieces_mutex_;
  bool pieces_ended_ = false;
  std::unique_ptr<PieceReader> reader_;  // of the taking thread
  BatchQueue queue_;
  std::mutex threads_mutex_;
  std::vector<std::jthread> threads_;  // guarded by threads_mutex_
  int64_t rows_left_;
  Status status_;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace headrace::scan
