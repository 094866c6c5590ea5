#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "headrace/status.h"

namespace arrow {
class RecordBatch;
}
namespace headrace {
class MemoryBudget;
namespace catalog {
class Catalog;
}
}  // namespace headrace

namespace headrace::cli {

class Log;
class Replay;

struct DemoFeedOptions {
  std::string path;  ///< a Parquet file in time order, see Replay
  std::string buffer = "flights";
  int64_t window_size = 10'000;
  double speed = 60;  ///< seconds of the data in a second
  std::chrono::milliseconds tick{50};
};

/// Replays a file into a live window, over and over. The window is full from the first moment;
/// what comes after is appended when it is due.
class DemoFeed {
 public:
  /// Makes the buffer in `catalog` and fills it. `catalog` and `log` outlive the feed. Errors:
  /// those of Replay::Open, of making the buffer and of appending.
  static Result<std::unique_ptr<DemoFeed>> Make(DemoFeedOptions options, catalog::Catalog* catalog,
                                                Log* log);
  /// Stops; waits for the append that is under way, if there is one.
  ~DemoFeed();

  /// Starts the clock, on a thread of the feed's own. It ends by itself when the buffer has been
  /// deleted or does not take the rows, which it logs. Requires: not called before.
  void Start();

  const DemoFeedOptions& options() const noexcept { return options_; }

 private:
  DemoFeed(DemoFeedOptions options, catalog::Catalog* catalog, Log* log);
  Status Fill();
  void Run(const std::stop_token& stop);
  Status ReplayOnce(const std::stop_token& stop);
  Status AppendDue(int64_t now_ns, const std::stop_token& stop);
  Status Append(std::shared_ptr<arrow::RecordBatch> rows);

  const DemoFeedOptions options_;
  catalog::Catalog* const catalog_;
  Log* const log_;
  std::unique_ptr<Replay> replay_;
  bool refused_ = false;  // the last append did not fit into the memory budget

  std::mutex mutex_;  // of the wait between two ticks only
  std::condition_variable_any wake_;
  std::jthread thread_;  // last, so that it ends before what it uses
};

/// The demo's data: `named` if it is not empty, else what npm has put below the first of
/// `checkouts` that has it. ErrorCode::kIOError, with how to get it, if there is none.
Result<std::string> FindDemoData(const std::string& named,
                                 const std::vector<std::string>& checkouts);

}  // namespace headrace::cli
