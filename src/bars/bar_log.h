#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "bars/bar_block.h"
#include "bars/bar_files.h"
#include "headrace/status.h"

namespace headrace::bars {

/// What a log needs of its store.
struct LogPlace {
  arrow::MemoryPool* pool = nullptr;
  std::shared_ptr<HeldBytes> held;
  std::shared_ptr<SpillFolder> folder;
  int64_t history_bars = 0;
  int64_t future_bars = 0;
  int64_t trim_bars = 0;
};

/// Rows of a log side by side, kept by whoever holds it.
struct LogSlice {
  kernels::BarColumns columns;  ///< of the first row
  int64_t rows = 0;
  std::shared_ptr<const BarBlock> block;
};

/// The bars of a timeframe that have ended, in the order of time, numbered from 0:
///
///      files                                    tail
///   |...|.....[:::::::::view::::::::]....|================|  +  |
///   0                                    files_rows        rows()
///
/// Only the tail is not in files. The view is a window of what is in files, around the time that
/// was read last. Thread rule: one thread at a time; slices are any thread's.
class BarLog {
 public:
  explicit BarLog(LogPlace place)
      : place_(std::move(place)),
        tail_(place_.pool, place_.held),
        view_(place_.pool, place_.held) {}

  int64_t rows() const noexcept { return files_rows_ + tail_.size(); }
  int64_t spilled_rows() const noexcept { return files_rows_; }
  int64_t bytes() const noexcept { return tail_.bytes() + view_.bytes(); }
  /// End of the last row; INT64_MIN if there is none.
  int64_t last_end() const noexcept { return last_end_; }
  /// Start of the first row; INT64_MAX if there is none.
  int64_t first_start() const noexcept { return first_start_; }

  Status Reserve(int64_t rows) { return tail_.Reserve(rows); }
  /// Requires: there is room, and `row` comes behind all others.
  void Push(const kernels::BarRow& row) noexcept {
    if (rows() == 0) first_start_ = row.start;
    tail_.Push(row);
    last_end_ = row.end;
  }
  /// Whether there is a row with this start among those in memory at the end.
  bool TailHas(int64_t start) const noexcept;

  /// Writes what the window does not hold any more to files, but no row that ends behind
  /// `keep_from`. After an error it stays in memory.
  Status Trim(int64_t keep_from);
  /// Leaves as little as possible in memory, the same way.
  Status Evict(int64_t keep_from);

  /// The last `n` of the rows whose end <= `at`. `missed` says that files were read.
  Result<LogSlice> Last(int64_t n, int64_t at, bool* missed);
  /// The rows whose start is in [from, to), of those whose end <= `at`.
  Result<LogSlice> Range(int64_t from, int64_t to, int64_t at, bool* missed);

  /// All rows in order, some at a time; `each` gives a Status.
  template <typename Each>
  Status ForEach(const Each& each) const {
    for (const auto& file : files_) {
      for (int64_t group = 0; group < file->num_groups(); group += kGroupsAtOnce) {
        BarRows some(place_.pool, place_.held);
        const int64_t end = std::min(group + kGroupsAtOnce, file->num_groups());
        ARROW_RETURN_NOT_OK(file->Read(group, end, place_.pool, &some));
        ARROW_RETURN_NOT_OK(each(some.columns(), some.size()));
      }
    }
    return tail_.size() == 0 ? Status::OK() : each(tail_.columns(), tail_.size());
  }

 private:
  static constexpr int64_t kGroupsAtOnce = 16;
  static constexpr int64_t kFileRows = int64_t{64} << 10;
  static constexpr int64_t kSmallFileRows = int64_t{16} << 10;

  Status Spill(int64_t rows);
  int64_t ViewUntil() const noexcept;
  bool FromMemory(int64_t n, int64_t at, LogSlice* slice) const noexcept;
  LogSlice SliceOf(const BarRows& rows, int64_t begin, int64_t end) const noexcept;
  Status LoadView(int64_t at, int64_t history, int64_t future);

  LogPlace place_;
  std::vector<std::shared_ptr<const BarFile>> files_;
  int64_t files_rows_ = 0;
  BarRows tail_;
  int64_t first_start_ = INT64_MAX;
  int64_t last_end_ = INT64_MIN;
  int64_t longest_look_back_ = 0;
  BarRows view_;
  int64_t view_first_ = 0;
};

}  // namespace headrace::bars
