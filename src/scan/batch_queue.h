#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::scan {

/// Batches on their way from the threads that read pieces to the one that takes them, bounded in
/// bytes. In order, all batches of a piece come before those of the next; out of order, as they
/// are pushed.
///
///   pieces    0 finished | 1 b b b | 2 b | 3 b b      taken from piece 1, the front, until it ends
///
/// A thread waits in Push() while the queue is full, but never the one at the front with nothing
/// queued: the taker waits for just that one.
/// Thread rule: all methods from any thread, Pop() from one at a time.
class BatchQueue {
 public:
  BatchQueue(int64_t max_bytes, bool ordered) : max_bytes_(max_bytes), ordered_(ordered) {}

  /// A new piece behind all others; its number.
  int64_t Begin();
  /// Returns false if nobody takes batches any more.
  bool Push(int64_t piece, std::shared_ptr<arrow::RecordBatch> batch);
  /// The piece has no more batches, or failed: an error is given when its turn comes.
  void End(int64_t piece, Status status);
  /// No piece will begin any more; `status` is what comes behind the last.
  void Seal(Status status);
  /// Nobody takes batches any more; those that wait in Push() go on.
  void Cancel();

  /// The next batch; null at the end. Waits.
  Result<std::shared_ptr<arrow::RecordBatch>> Pop();

 private:
  struct Piece {
    std::deque<std::shared_ptr<arrow::RecordBatch>> batches;
    Status status;
    bool ended = false;
  };
  Piece& At(int64_t piece) { return pieces_[static_cast<size_t>(piece - front_)]; }

  const int64_t max_bytes_;
  const bool ordered_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable more_;
  std::deque<Piece> pieces_;  // ordered: by number from front_ on; else all batches in the first
  int64_t front_ = 0;
  int64_t begun_ = 0;
  int64_t open_ = 0;
  int64_t bytes_ = 0;
  bool sealed_ = false;
  bool cancelled_ = false;
  Status last_status_;
};

}  // namespace headrace::scan
