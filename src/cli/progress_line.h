#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <arrow/type_fwd.h>

namespace headrace::cli {

/// How far a stream of rows is.
struct Progress {
  int64_t rows = 0;
  int64_t bytes = 0;  ///< in memory
  std::optional<int64_t> all_rows;
  int64_t used_bytes = 0;
  int64_t limit_bytes = 0;
};

/// "12.3 M rows · 1.2 GiB · 3.4 M rows/s · 12 s left · memory 123 MiB of 256 MiB".
std::string ProgressText(const Progress& progress, std::chrono::duration<double> elapsed);

/// Counts what passes through a reader; any thread may ask.
struct PassedRows {
  std::atomic<int64_t> rows{0};
  std::atomic<int64_t> bytes{0};
};
/// The same batches, counted in `passed`.
std::shared_ptr<arrow::RecordBatchReader> CountRows(std::shared_ptr<arrow::RecordBatchReader> input,
                                                    std::shared_ptr<PassedRows> passed);

/// One line on a terminal that tells how work goes on, from the first moments after it began until
/// it is cleared.
class ProgressLine {
 public:
  /// `descriptor` is the terminal; `measure` is called on a thread of its own.
  ProgressLine(int descriptor, std::function<Progress()> measure);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Takes the line away for good. Any thread; again is harmless.
  void Clear();

 private:
  void Show(const std::stop_token& stop);

  const int descriptor_;
  const std::function<Progress()> measure_;
  std::mutex mutex_;
  std::condition_variable_any cleared_;
  bool shown_ = false;
  bool done_ = false;
  std::jthread thread_;
};

}  // namespace headrace::cli
