#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::cli {

/// The rows of a Parquet file in the order of its first timestamp column, each with the time at
/// which it is due. Reads one row group at a time, a few thousand rows of it; holds no more.
/// Thread rule: one thread at a time.
class Replay {
 public:
  /// `pool` outlives the replay and the rows that it gave. ErrorCode::kIOError if the file cannot
  /// be read, kBadConfig if it is no Parquet file, has no rows or no timestamp column.
  static Result<std::unique_ptr<Replay>> Open(const std::string& path, arrow::MemoryPool* pool);
  ~Replay();

  int64_t num_rows() const noexcept;

  /// When the next row is due, in UTC nanoseconds of the data; none at the end of the file. Rows of
  /// one time are due one after the other, spread over the time until the next one but over no more
  /// than a minute, because data of whole minutes would come in bursts otherwise.
  Result<std::optional<int64_t>> NextDueNs();

  /// The next rows, at least one and at most `limit`, that are due at `now_ns`; null if none is.
  /// kBadConfig if the file is not in time order.
  Result<std::shared_ptr<arrow::RecordBatch>> TakeDue(int64_t now_ns, int64_t limit);

  /// Begins anew.
  Status Rewind();

 private:
  class File;
  explicit Replay(std::unique_ptr<File> file);
  Status Load();
  Status SetDueTimes();

  std::unique_ptr<File> file_;
  std::shared_ptr<arrow::RecordBatch> batch_;  // null before the first and after the last
  std::vector<int64_t> times_ns_;              // of the batch
  std::vector<int64_t> due_ns_;                // of the batch
  int64_t position_ = 0;                       // in the batch
  int64_t rows_before_ = 0;                    // of batches before
  std::optional<int64_t> last_ns_;             // time of the last row of the batch before
};

}  // namespace headrace::cli
