#include "headrace/scan.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>

#include <arrow/compute/expression.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "scan/file_pieces.h"
#include "scan/file_table.h"
#include "scan/memory_plan.h"
#include "scan/plan_request.h"
#include "scan/scanner.h"
#include "scan/shared_pieces.h"

namespace headrace {
namespace {

constexpr int64_t kPieceRows = 1 << 20;
constexpr int64_t kRowsWorthAThread = 1 << 17;
constexpr int64_t kTextRowBytes = 32;  // of files whose rows are not counted

// A scan's own share of the process's budget: what it may hold, batches that were given out
// included. Buffers outlive the scan, and give their memory back to it: a share that is left is
// kept until it is empty.
class ShareKeeper {
 public:
  static std::shared_ptr<MemoryBudget> Make(int64_t limit, MemoryBudget* parent) {
    return std::shared_ptr<MemoryBudget>(new MemoryBudget(limit, parent), Retire);
  }

 private:
  static void Retire(MemoryBudget* share) {
    static std::mutex mutex;
    static std::vector<std::unique_ptr<MemoryBudget>> retired;
    std::lock_guard lock(mutex);
    retired.emplace_back(share);
    std::erase_if(retired, [](const auto& left) { return left->used_bytes() == 0; });
  }
};

int MaxThreads(const ScanOptions& options) {
  if (options.max_concurrent > 0) return options.max_concurrent;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

struct Scan::Impl {
  ScanOptions options;
  std::shared_ptr<MemoryBudget> share;
  std::shared_ptr<const scan::FileTable> table;
  const uint64_t epoch = NewEpoch();

  Result<scan::MemoryPlan> PlanFor(const scan::ReadPlan& plan, const ReadRequest& request) const;
  scan::PieceContext PiecesFor(std::shared_ptr<const scan::ReadPlan> plan,
                               const scan::MemoryPlan& memory,
                               std::shared_ptr<const std::atomic<bool>> stop,
                               const ReadRequest& request) const;
  ReadRequest Placed(ReadRequest request) const;
};

Scan::Scan(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Scan::~Scan() = default;

Result<std::shared_ptr<Scan>> Scan::Open(ScanOptions options, MemoryBudget* budget) {
  if (options.max_concurrent < 0) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "max_concurrent is at least 1, or 0 for all cores", {"max_concurrent"});
  }
  if (options.memory_limit_bytes < 0) {
    return MakeError(ErrorCode::kInvalidArgument, "memory_limit is at least 1 byte",
                     {"memory_limit"});
  }
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  if (options.chunk_strategy == nullptr) {
    options.chunk_strategy = std::make_shared<AdaptiveChunkStrategy>();
  }
  auto impl = std::make_unique<Impl>();
  const int64_t limit =
      options.memory_limit_bytes > 0 ? options.memory_limit_bytes : budget->limit_bytes();
  impl->share = ShareKeeper::Make(limit, budget);
  ARROW_ASSIGN_OR_RAISE(impl->table, scan::FileTable::Make(options, impl->share.get()));
  impl->options = std::move(options);
  return std::shared_ptr<Scan>(new Scan(std::move(impl)));
}

std::shared_ptr<arrow::Schema> Scan::schema() const { return impl_->table->schema(); }

SourceStatistics Scan::statistics() const {
  SourceStatistics statistics{.num_bytes = 0, .epoch = impl_->epoch};
  if (const int64_t rows = impl_->table->num_rows(); rows >= 0) statistics.num_rows = rows;
  for (const auto& file : impl_->table->files()) *statistics.num_bytes += file.num_bytes;
  return statistics;
}

std::vector<std::string> Scan::files() const {
  std::vector<std::string> paths;
  for (const auto& file : impl_->table->files()) paths.push_back(file.found.path);
  return paths;
}

arrow::MemoryPool* Scan::pool() const { return impl_->share.get(); }

Result<scan::MemoryPlan> Scan::Impl::PlanFor(const scan::ReadPlan& plan,
                                             const ReadRequest& request) const {
  std::vector<scan::ColumnNeed> needs;
  for (const auto& field : plan.fields) {
    if (static_cast<int>(needs.size()) == plan.row_numbers) {
      needs.push_back({.row_bytes = sizeof(int64_t)});
      continue;
    }
    needs.push_back(
        table->needs()[static_cast<size_t>(table->schema()->GetFieldIndex(field->name()))]);
  }
  int64_t rows = 0;
  for (const auto& file : table->files()) {
    rows += file.num_rows >= 0 ? file.num_rows : file.num_bytes / kTextRowBytes;
  }
  if (request.filter == nullptr && request.limit) rows = std::min(rows, *request.limit);
  const int threads = rows < kRowsWorthAThread ? 1 : MaxThreads(options);
  const int64_t limit = share->limit_bytes();
  if (options.reader_memory_bytes > 0 && options.reader_memory_bytes < limit) {
    auto modest =
        scan::PlanMemory(needs, table->thread_bytes(), threads, options.reader_memory_bytes);
    if (modest.ok()) return modest;
  }
  return scan::PlanMemory(needs, table->thread_bytes(), threads, limit);
}

// What of the request can be done where rows are not numbered.
ReadRequest Scan::Impl::Placed(ReadRequest request) const {
  if (!table->CanStartAt(request.start_row)) {
    request.start_row = 0;
    request.limit.reset();  // counts from there on
  }
  if (!table->KnowsRowNumbers() || !request.ordered) request.row_number_column.clear();
  return request;
}

Result<ScanExplanation> Scan::Explain(const ReadRequest& asked) const {
  const ReadRequest request = impl_->Placed(asked);
  ARROW_ASSIGN_OR_RAISE(auto plan, scan::PlanRequest(request, *schema()));
  ARROW_ASSIGN_OR_RAISE(const auto memory, impl_->PlanFor(*plan, request));
  scan::FilePieces pieces(impl_->PiecesFor(plan, memory, nullptr, request));
  ARROW_ASSIGN_OR_RAISE(ScanExplanation explanation, pieces.Explain());
  explanation.num_files = static_cast<int64_t>(impl_->table->files().size());
  explanation.columns = plan->schema->field_names();
  for (int i = 0; i < plan->num_filter; ++i) {
    explanation.filter_columns.push_back(plan->fields[static_cast<size_t>(i)]->name());
  }
  explanation.num_threads = memory.num_threads;
  explanation.batch_bytes = memory.batch_bytes;
  explanation.memory_bytes = memory.total_bytes;
  explanation.pages_read_again = memory.rest;
  return explanation;
}

scan::PieceContext Scan::Impl::PiecesFor(std::shared_ptr<const scan::ReadPlan> plan,
                                         const scan::MemoryPlan& memory,
                                         std::shared_ptr<const std::atomic<bool>> stop,
                                         const ReadRequest& request) const {
  scan::ReadPace pace;
  pace.stop = std::move(stop);
  pace.asked_to_stop = request.stop;
  pace.column.buffer_bytes = memory.buffer_bytes;
  pace.column.use_offset_index = options.skipping.page_index;
  pace.batch_bytes = memory.batch_bytes;
  pace.strategy = options.chunk_strategy;
  pace.rest = memory.rest;
  pace.late_columns = options.skipping.late_columns;
  return {.pool = share,
          .table = table,
          .plan = std::move(plan),
          .pace = pace,
          .max_piece_rows = memory.num_threads > 1 ? kPieceRows : 0,
          .start_row = request.start_row};
}

Result<OpenedSource> Scan::Open(const ReadRequest& asked) {
  const ReadRequest request = impl_->Placed(asked);
  ARROW_ASSIGN_OR_RAISE(auto plan, scan::PlanRequest(request, *schema()));
  ARROW_ASSIGN_OR_RAISE(const auto memory, impl_->PlanFor(*plan, request));
  const bool limited = request.limit && !request.from_end;
  OpenedSource opened{.columns_applied = true,
                      .filter_applied = true,
                      .limit_applied = limited,
                      .start_applied = request.start_row == asked.start_row,
                      .rows_numbered = plan->row_numbers >= 0,
                      .first_row = request.start_row,
                      .epoch = impl_->epoch};
  if (const int64_t rows = impl_->table->num_rows(); rows >= 0) opened.end_row = rows;
  const auto stop = std::make_shared<std::atomic<bool>>(false);
  auto pieces = std::make_unique<scan::FilePieces>(impl_->PiecesFor(plan, memory, stop, request));
  if (request.num_readers > 1 && !request.ordered && !limited && memory.num_threads > 1) {
    auto readers = scan::ShareAmong(plan->schema, std::move(pieces),
                                    std::min(request.num_readers, memory.num_threads), stop);
    opened.reader = std::move(readers.front());
    opened.more_readers.assign(std::make_move_iterator(readers.begin() + 1),
                               std::make_move_iterator(readers.end()));
    return opened;
  }
  opened.reader = std::make_shared<scan::Scanner>(
      plan->schema, std::move(pieces),
      scan::ScannerOptions{.num_threads = memory.num_threads,
                           .ordered = request.ordered,
                           .queue_bytes = memory.queue_bytes,
                           .max_rows = limited ? *request.limit : -1,
                           .stop = stop});
  return opened;
}

}  // namespace headrace
