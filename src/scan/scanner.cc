#include "scan/scanner.h"

#include <exception>
#include <limits>
#include <new>
#include <utility>

#include "headrace/error_code.h"

namespace headrace::scan {
namespace {

// What a thread's own work throws may not leave it.
template <typename Body>
auto AtThreadBorder(Body&& body) -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (const std::bad_alloc&) {
    return MakeError(ErrorCode::kMemoryLimit, "out of memory");
  } catch (const std::exception& error) {
    return MakeError(ErrorCode::kInternal, error.what());
  }
}

}  // namespace

Scanner::Scanner(std::shared_ptr<arrow::Schema> schema, std::unique_ptr<PieceSource> pieces,
                 const ScannerOptions& options)
    : schema_(std::move(schema)),
      options_(options),
      pieces_(std::move(pieces)),
      queue_(options.queue_bytes, options.ordered),
      rows_left_(options.max_rows < 0 ? std::numeric_limits<int64_t>::max() : options.max_rows) {}

Scanner::~Scanner() { (void)Close(); }

Status Scanner::Close() {
  if (options_.stop != nullptr) options_.stop->store(true, std::memory_order_relaxed);
  queue_.Cancel();
  {
    std::lock_guard lock(pieces_mutex_);
    pieces_ended_ = true;
  }
  std::lock_guard lock(threads_mutex_);
  threads_.clear();  // joins
  return Status::OK();
}

void Scanner::StartThreads() {
  std::lock_guard lock(threads_mutex_);
  for (int i = 0; i < options_.num_threads; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

void Scanner::Work() {
  for (;;) {
    std::unique_ptr<PieceReader> reader;
    int64_t piece = 0;
    {
      std::lock_guard lock(pieces_mutex_);
      if (pieces_ended_) return;
      auto next = AtThreadBorder([&] { return pieces_->Next(); });
      if (!next.ok() || *next == nullptr) {
        pieces_ended_ = true;
        queue_.Seal(next.status());
        return;
      }
      reader = std::move(*next);
      piece = queue_.Begin();
    }
    const Status status = AtThreadBorder([&]() -> Status {
      for (;;) {
        ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
        if (batch == nullptr) return Status::OK();
        if (!queue_.Push(piece, std::move(batch))) return Status::OK();
      }
    });
    reader.reset();
    queue_.End(piece, status);
    if (!status.ok()) return;
  }
}

Result<std::shared_ptr<arrow::RecordBatch>> Scanner::NextHere() {
  for (;;) {
    if (reader_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(reader_, pieces_->Next());
      if (reader_ == nullptr) return nullptr;
    }
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->Next());
    if (batch != nullptr) return batch;
    reader_.reset();
  }
}

Result<std::shared_ptr<arrow::RecordBatch>> Scanner::Next() {
  if (rows_left_ == 0) return nullptr;
  if (options_.num_threads > 1 && !started_) StartThreads();
  started_ = true;
  ARROW_ASSIGN_OR_RAISE(auto batch, options_.num_threads > 1
                                        ? queue_.Pop()
                                        : AtThreadBorder([this] { return NextHere(); }));
  if (batch != nullptr && batch->num_rows() > rows_left_) batch = batch->Slice(0, rows_left_);
  if (batch != nullptr) rows_left_ -= batch->num_rows();
  if (rows_left_ == 0) ARROW_RETURN_NOT_OK(Close());
  return batch;
}

Status Scanner::ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) {
  *batch = nullptr;
  if (ended_) return status_;
  auto next = Next();
  if (!next.ok() || *next == nullptr) {
    ended_ = true;
    status_ = next.status();
    reader_.reset();
    (void)Close();
    return status_;
  }
  *batch = std::move(*next);
  return Status::OK();
}

}  // namespace headrace::scan
