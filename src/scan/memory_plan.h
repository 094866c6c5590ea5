#pragma once

#include <cstdint>
#include <vector>

#include "headrace/status.h"
#include "scan/read_plan.h"

namespace headrace::scan {

/// What one column of the heaviest row group needs while it is read.
struct ColumnNeed {
  int64_t page_bytes = 0;        ///< of its largest page, unpacked, as far as the footer tells
  int64_t compressed_bytes = 0;  ///< of the same page in the file
  /// Side by side in any case: dictionaries; the column's part of a record batch in a file.
  int64_t held_bytes = 0;
  int64_t row_bytes = 0;  ///< of one row in a batch
};

/// How a scan divides what it may hold.
///
///   limit = threads x (pages of all columns, read buffers, a batch in the making)
///         + queue + batches that the taker holds
struct MemoryPlan {
  int num_threads = 1;
  int64_t batch_bytes = 0;
  int64_t queue_bytes = 0;
  int64_t buffer_bytes = 0;  ///< read at a time for each column
  bool rest = false;         ///< pages of all columns do not fit side by side: one at a time
  int64_t total_bytes = 0;   ///< what the scan expects to hold at most
};

/// Fits the scan into `limit_bytes`: first with smaller buffers and batches, then with fewer
/// threads, then by unpacking pages more than once. kMemoryLimit, with the smallest limit that
/// works, if nothing helps.
/// `thread_bytes` is what a thread holds beside columns: blocks of text.
Result<MemoryPlan> PlanMemory(const std::vector<ColumnNeed>& columns, int64_t thread_bytes,
                              int max_threads, int64_t limit_bytes);

}  // namespace headrace::scan
