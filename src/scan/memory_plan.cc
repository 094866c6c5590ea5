#include "scan/memory_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::scan {
namespace {

constexpr int64_t kLargestBatch = 8 << 20;
constexpr int64_t kSmallestBatch = 64 << 10;
constexpr int64_t kLargestBuffer = 256 << 10;
constexpr int64_t kSmallestBuffer = 8 << 10;

// What one thread holds while it reads: a page of each column, or of one at a time; the batch that
// it makes, twice, for it is filtered or its strings are copied out.
int64_t ThreadBytes(const std::vector<ColumnNeed>& columns, const MemoryPlan& plan) {
  int64_t pages = 0;
  int64_t largest = 0;
  int64_t held = 0;
  int64_t row = 0;
  for (const ColumnNeed& column : columns) {
    const int64_t page = column.page_bytes + column.compressed_bytes +
                         std::min(plan.buffer_bytes, 2 * column.compressed_bytes + 4096);
    pages += page;
    largest = std::max(largest, page);
    held += column.held_bytes;
    row += column.row_bytes;
  }
  return (plan.rest ? largest : pages) + held + 2 * std::max(plan.batch_bytes, row);
}

int64_t Total(const std::vector<ColumnNeed>& columns, int64_t thread_bytes,
              const MemoryPlan& plan) {
  return plan.num_threads * (ThreadBytes(columns, plan) + thread_bytes) + plan.queue_bytes +
         2 * plan.batch_bytes;
}

MemoryPlan WithLimit(int64_t limit, int threads, bool rest, bool small) {
  MemoryPlan plan;
  plan.num_threads = threads;
  plan.rest = rest;
  plan.batch_bytes =
      small ? kSmallestBatch : std::clamp(limit / (16 * threads), kSmallestBatch, kLargestBatch);
  plan.queue_bytes = threads == 1 ? 0 : 2 * threads * plan.batch_bytes;
  plan.buffer_bytes = small ? kSmallestBuffer : kLargestBuffer;
  return plan;
}

}  // namespace

Result<MemoryPlan> PlanMemory(const std::vector<ColumnNeed>& columns, int64_t thread_bytes,
                              int max_threads, int64_t limit_bytes) {
  MemoryPlan plan;
  for (const bool rest : {false, true}) {
    for (int threads = std::max(1, max_threads); threads >= 1; --threads) {
      for (const bool small : {false, true}) {
        plan = WithLimit(limit_bytes, threads, rest, small);
        plan.total_bytes = Total(columns, thread_bytes, plan);
        if (plan.total_bytes > limit_bytes) continue;
        // A page that is unpacked for every batch wants large batches.
        while (rest && plan.total_bytes + 4 * plan.batch_bytes <= limit_bytes) {
          plan.batch_bytes *= 2;
          plan.total_bytes = Total(columns, thread_bytes, plan);
        }
        return plan;
      }
    }
  }
  return MakeError(ErrorCode::kMemoryLimit,
                   fmt::format("the scan needs at least {} and may hold {}: raise the memory limit "
                               "or select fewer columns",
                               FormatByteSizeUp(plan.total_bytes), FormatByteSize(limit_bytes)));
}

}  // namespace headrace::scan
