#include "headrace/live_window.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "headrace/change_signal.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "window/append_plan.h"
#include "window/feature_table.h"
#include "window/incoming.h"
#include "window/options.h"
#include "window/pinned_rows.h"
#include "window/window_store.h"

namespace headrace {
namespace {

using window::AppendPlan;
using window::Column;
using window::ColumnType;
using window::FeatureTable;
using window::Incoming;
using window::MakeBatch;
using window::PlannedColumn;
using window::StorePin;
using window::ValidateTail;
using window::WindowStore;

// Rows that a new table may still lack when it takes the append lock to catch up.
constexpr int64_t kCatchUpRows = 64;
constexpr int kInstallAttempts = 3;

}  // namespace

class LiveWindow::Impl {
 public:
  Impl(LiveWindowOptions options, MemoryBudget* budget)
      : options_(std::move(options)),
        budget_(budget),
        keep_rows_(options_.window_size + options_.history_rows) {}

  Status Init() {
    ARROW_ASSIGN_OR_RAISE(auto columns, window::PlanSchema(options_));
    ARROW_ASSIGN_OR_RAISE(store_, MakeStore(std::move(columns), nullptr, 0, 0));
    return Status::OK();
  }

  Result<AppendResult> Append(const RowBatch& rows) {
    std::unique_lock lock(append_mutex_);
    const auto start = Clock::now();
    window::TakeRows(rows, &incoming_);
    auto result = AppendLocked(incoming_, start);
    lock.unlock();
    Tell(result);
    return result;
  }

  Result<int64_t> Append(arrow::RecordBatchReader& reader) {
    // Types are brought over before the lock is taken: reading may take long.
    ARROW_ASSIGN_OR_RAISE(const Incoming incoming, window::TakeBatches(reader, budget_));
    std::unique_lock lock(append_mutex_);
    const auto result = AppendLocked(incoming, Clock::now());
    lock.unlock();
    Tell(result);
    ARROW_RETURN_NOT_OK(result);
    return result->appended;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Read(std::optional<int64_t> tail) {
    ARROW_RETURN_NOT_OK(ValidateTail(tail));
    auto pin = std::make_shared<StorePin>();
    store()->Pin(options_.window_size, false, nullptr, pin.get());
    return MakeBatch(pin, tail, budget_);
  }

  /// The rows of the request, with where they stand; with the columns of `plan`, if there is one.
  Result<std::shared_ptr<arrow::RecordBatch>> ReadPlaced(const ReadRequest& request,
                                                         const FeaturePlan* plan,
                                                         OpenedSource* place) {
    auto pin = std::make_shared<StorePin>();
    do {
      pin->Release();
      // The table is there afterwards, unless the schema changes just now.
      StorePin first;
      if (plan != nullptr) ARROW_RETURN_NOT_OK(PinFeatures(*plan, &first));
      // As Publish(): the rows and their count in one step.
      std::lock_guard lock(store_mutex_);
      store_->Pin(options_.window_size, false, plan, pin.get());
      place->end_row = append_count_.load();
      place->epoch = epoch_;
    } while (plan != nullptr && pin->table == nullptr);
    const int64_t rows = pin->end - pin->shown_begin;
    const int64_t oldest = *place->end_row - rows;
    const int64_t limit = std::clamp<int64_t>(request.limit.value_or(rows), 0, rows);
    const int64_t from =
        std::clamp<int64_t>(request.from_end ? rows - limit : request.start_row - oldest, 0, rows);
    place->first_row = oldest + from;
    const int64_t begin = pin->shown_begin + from;
    return MakeBatch(pin, begin, std::min(pin->end, begin + limit), budget_);
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Features(const FeaturePlan& plan,
                                                       std::optional<int64_t> tail) {
    ARROW_RETURN_NOT_OK(ValidateTail(tail));
    auto pin = std::make_shared<StorePin>();
    ARROW_RETURN_NOT_OK(PinFeatures(plan, pin.get()));
    return MakeBatch(pin, tail, budget_);
  }

  Result<std::vector<std::string>> VectorNames(const FeaturePlan& plan) {
    StorePin pin;
    ARROW_RETURN_NOT_OK(PinFeatures(plan, &pin));
    std::vector<std::string> names;
    for (const int column : pin.table->numeric_columns()) {
      names.push_back(pin.store->columns()[column].name);
    }
    const auto& fields = pin.table->schema()->fields();
    for (size_t i = pin.store->columns().size(); i < fields.size(); ++i) {
      names.push_back(fields[i]->name());
    }
    return names;
  }

  Result<int64_t> LatestVector(const FeaturePlan& plan, std::span<double> out) {
    StorePin pin;
    ARROW_RETURN_NOT_OK(PinFeatures(plan, &pin));
    const auto& numeric = pin.table->numeric_columns();
    const auto& derived = pin.table->derived();
    const auto needed = static_cast<int64_t>(numeric.size() + derived.size());
    if (pin.end == pin.shown_begin) return 0;
    if (static_cast<int64_t>(out.size()) < needed) return needed;
    const int64_t row = pin.end - 1;
    double* next = out.data();
    for (const int index : numeric) {
      const Column& column = *pin.store->columns()[index].column;
      if (!column.IsValid(row)) {
        *next++ = std::numeric_limits<double>::quiet_NaN();
      } else if (column.type() == ColumnType::kInt64) {
        *next++ = static_cast<double>(column.GetInt64(row));
      } else {
        *next++ = column.GetDouble(row);
      }
    }
    for (const auto& column : derived) {
      *next++ =
          column->IsValid(row) ? column->GetDouble(row) : std::numeric_limits<double>::quiet_NaN();
    }
    return needed;
  }

  Result<OpenedSource> Open(const ReadRequest& request, const FeaturePlan* plan) {
    OpenedSource opened{.columns_applied = true, .limit_applied = true, .start_applied = true};
    ARROW_ASSIGN_OR_RAISE(auto batch, ReadPlaced(request, plan, &opened));
    if (request.columns) {
      ARROW_ASSIGN_OR_RAISE(batch, window::SelectNamed(*batch, *request.columns));
    }
    const auto schema = batch->schema();
    ARROW_ASSIGN_OR_RAISE(opened.reader,
                          arrow::RecordBatchReader::Make({std::move(batch)}, schema));
    return opened;
  }

  Status Clear() {
    std::unique_lock lock(append_mutex_);
    std::vector<PlannedColumn> columns;
    for (const auto& column : store_->columns()) columns.push_back({column.name, column.type()});
    ARROW_ASSIGN_OR_RAISE(auto fresh, MakeStore(std::move(columns), nullptr, 0, 0));
    {
      std::lock_guard published(store_mutex_);
      store_.swap(fresh);
      append_count_ = 0;
      epoch_ = NewEpoch();
    }
    append_ns_ = 0;
    lock.unlock();
    changes_.Notify(0);
    return Status::OK();
  }

  ChangeSignal* changes() noexcept { return &changes_; }

  uint64_t epoch() const {
    std::lock_guard lock(store_mutex_);
    return epoch_;
  }

  LiveWindowStats stats() const {
    LiveWindowStats stats;
    stats.name = options_.name;
    stats.window_size = options_.window_size;
    std::shared_ptr<WindowStore> store;
    {
      std::lock_guard lock(store_mutex_);
      store = store_;
      stats.size = store->end_row() - store->shown_begin(options_.window_size);
      stats.append_count = append_count_;
    }
    for (const auto& column : store->columns()) {
      stats.columns.push_back(column.name);
      if (window::IsNumeric(column.type())) stats.numeric_columns.push_back(column.name);
    }
    stats.memory_bytes = store->memory_bytes();
    stats.avg_append_ms = AverageMs();
    return stats;
  }

  const LiveWindowOptions& options() const noexcept { return options_; }

  std::shared_ptr<WindowStore> store() const {
    std::lock_guard lock(store_mutex_);
    return store_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  Result<std::shared_ptr<WindowStore>> MakeStore(std::vector<PlannedColumn> columns,
                                                 const WindowStore* from, int64_t more_rows,
                                                 int64_t more_text_bytes) {
    return WindowStore::Make(std::move(columns),
                             {.window_rows = options_.window_size, .keep_rows = keep_rows_},
                             budget_, from, more_rows, more_text_bytes);
  }

  // The whole of an append: find out what it means, make room, write, derive, publish. Nothing that
  // readers or a later append can see changes before the last step, so that every return before it
  // leaves the window as it was.
  Result<AppendResult> AppendLocked(const Incoming& incoming, Clock::time_point start) {
    ARROW_RETURN_NOT_OK(window::MakeAppendPlan(incoming, *store_,
                                               {.fixed_schema = options_.schema != nullptr,
                                                .max_columns = options_.max_columns,
                                                .max_string_bytes = options_.max_string_bytes,
                                                .keep_rows = keep_rows_},
                                               &plan_));
    if (incoming.num_rows == 0) return Outcome(0, *store_);
    ARROW_ASSIGN_OR_RAISE(auto store, RoomyStore(incoming));
    const int64_t rows = incoming.num_rows - plan_.first_row;
    const int64_t first = store->end_row();
    const int64_t end = first + rows;
    // A request longer than the window leaves rows out before its first: nothing may look back
    // there.
    const int64_t begin = plan_.first_row > 0 ? first : store->floor_row();
    ARROW_ASSIGN_OR_RAISE(auto scratch, PrepareTables(*store, rows));

    WriteColumns(incoming, first, end, *store);
    for (const auto& table : store->tables()) {
      table->Advance(*store, begin, first, end, scratch.get());
    }
    Publish(store, end, std::max(begin, end - keep_rows_), incoming.num_rows);
    const int64_t held_up = store->Trim(rows, options_.window_size);
    // A reader that is more than a window behind keeps the old memory to itself, and we move on.
    crowded_ = held_up > 2 * keep_rows_;

    append_ns_ += std::chrono::nanoseconds(Clock::now() - start).count();
    return Outcome(incoming.num_rows, *store);
  }

  // The present store with enough reserved, or a new generation of it.
  Result<std::shared_ptr<WindowStore>> RoomyStore(const Incoming& incoming) {
    const int64_t rows = incoming.num_rows - plan_.first_row;
    int64_t text_bytes = 0;
    text_bytes_.clear();
    if (plan_.has_text) {
      for (const int source : plan_.incoming_of) {
        text_bytes_.push_back(source < 0 ? 0
                                         : window::TextBytes(incoming.columns[source],
                                                             plan_.first_row, incoming.num_rows));
        text_bytes += text_bytes_.back();
      }
    }
    const bool same_schema = plan_.new_schema.empty();
    if (same_schema && !crowded_ && store_->HasRoom(rows, text_bytes_)) {
      ARROW_RETURN_NOT_OK(store_->ReserveFor(rows, text_bytes));
      return store_;
    }
    std::vector<PlannedColumn> columns = plan_.new_schema;
    if (same_schema) {
      for (const auto& column : store_->columns()) columns.push_back({column.name, column.type()});
    }
    ARROW_ASSIGN_OR_RAISE(auto store,
                          MakeStore(std::move(columns), store_.get(), rows, text_bytes));
    // With other columns a plan means other features: its next reader starts it afresh.
    if (same_schema) ARROW_RETURN_NOT_OK(MoveTables(*store));
    ARROW_RETURN_NOT_OK(store->ReserveFor(rows, text_bytes));
    return store;
  }

  Status MoveTables(WindowStore& store) {
    const int64_t begin = store_->shown_begin(options_.window_size);
    const int64_t end = store_->end_row();
    for (const auto& table : store_->tables()) {
      Reservation room = budget_->Reserve("window");
      ARROW_RETURN_NOT_OK(MakeRoom(*table, end - begin, &room));
      ARROW_ASSIGN_OR_RAISE(auto moved, FeatureTable::Move(*table, store, begin, end, budget_));
      room = {};
      ARROW_RETURN_NOT_OK(store.Install(std::move(moved), options_.max_plans));
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Buffer>> PrepareTables(const WindowStore& store, int64_t rows) {
    std::shared_ptr<arrow::Buffer> largest;
    for (const auto& table : store.tables()) {
      ARROW_ASSIGN_OR_RAISE(auto scratch, table->Prepare(rows, budget_));
      if (scratch != nullptr && (largest == nullptr || scratch->size() > largest->size())) {
        largest = std::move(scratch);
      }
    }
    return largest;
  }

  void WriteColumns(const Incoming& incoming, int64_t first, int64_t end,
                    const WindowStore& store) {
    for (size_t i = 0; i < store.columns().size(); ++i) {
      Column& column = *store.columns()[i].column;
      const int source = plan_.incoming_of[i];
      if (source >= 0) {
        window::WriteRows(incoming.columns[source], plan_.first_row, incoming.num_rows, first,
                          &column);
      } else {
        for (int64_t row = first; row < end; ++row) column.WriteNull(row);
      }
    }
  }

  // Shows the rows, their count and, if it is new, their store in one step to stats().
  void Publish(const std::shared_ptr<WindowStore>& store, int64_t end, int64_t floor,
               int64_t appended) {
    std::shared_ptr<WindowStore> previous;  // goes after the lock
    std::lock_guard lock(store_mutex_);
    store->Publish(end, floor);
    append_count_ += appended;
    if (store != store_) previous = std::exchange(store_, store);
  }

  void Tell(const Result<AppendResult>& result) noexcept {
    if (result.ok() && result->appended > 0) changes_.Notify(result->appended);
  }

  AppendResult Outcome(int64_t appended, const WindowStore& store) const {
    return {.appended = appended,
            .buffer_size = store.end_row() - store.shown_begin(options_.window_size),
            .avg_append_ms = AverageMs()};
  }

  double AverageMs() const {
    const int64_t count = append_count_;
    return count == 0 ? 0
                      : static_cast<double>(append_ns_.load()) / 1e6 / static_cast<double>(count);
  }

  // A pin with the plan's table: the maintained one, or a new one that is computed from a snapshot,
  // without a lock, and then caught up with what was appended meanwhile.
  Status PinFeatures(const FeaturePlan& plan, StorePin* pin) {
    for (int attempt = 0;; ++attempt) {
      auto store = this->store();
      store->Pin(options_.window_size, false, &plan, pin);
      if (pin->table != nullptr) {
        pin->table->last_read = ++reads_;
        return Status::OK();
      }
      pin->Release();
      ARROW_RETURN_NOT_OK(plan.Validate());
      KeepHistoryFor(plan);
      // The last attempt holds appends off, so that a stream of schema changes cannot outrun it.
      std::unique_lock<std::mutex> held_off;
      if (attempt == kInstallAttempts) held_off = std::unique_lock(append_mutex_);
      ARROW_ASSIGN_OR_RAISE(const bool installed, Install(plan, held_off));
      (void)installed;  // if not, the store has changed meanwhile: once more
    }
  }

  // Reserves what a table of so many rows will touch. Its store reserves the same when the table is
  // installed, but by then it is filled: without this a refusal would come after the memory.
  static Status MakeRoom(const FeatureTable& table, int64_t rows, Reservation* room) {
    return room->Resize(static_cast<int64_t>(table.row_bytes() * static_cast<double>(rows)));
  }

  Result<bool> Install(const FeaturePlan& plan, std::unique_lock<std::mutex>& lock) {
    const auto store = this->store();
    StorePin pin;
    store->Pin(options_.window_size, true, nullptr, &pin);
    ARROW_ASSIGN_OR_RAISE(auto table, FeatureTable::Make(plan, *store, budget_));
    Reservation room = budget_->Reserve("window");
    ARROW_RETURN_NOT_OK(MakeRoom(*table, pin.end - pin.shown_begin, &room));
    ARROW_RETURN_NOT_OK(table->Compute(*store, pin.begin, pin.shown_begin, pin.end, budget_));
    int64_t done = pin.end;
    while (!lock.owns_lock() && store->end_row() - done > kCatchUpRows) {
      const int64_t end = store->end_row();
      ARROW_RETURN_NOT_OK(MakeRoom(*table, end - pin.shown_begin, &room));
      ARROW_RETURN_NOT_OK(table->Compute(*store, pin.begin, done, end, budget_));
      done = end;
    }
    if (!lock.owns_lock()) lock = std::unique_lock(append_mutex_);
    if (store != store_) return false;
    const int64_t end = store->end_row();
    ARROW_ASSIGN_OR_RAISE(auto scratch, table->Prepare(end - done, budget_));
    table->Advance(*store, pin.begin, done, end, scratch.get());
    table->last_read = ++reads_;
    room = {};
    ARROW_RETURN_NOT_OK(store->Install(std::move(table), options_.max_plans));
    return true;
  }

  void KeepHistoryFor(const FeaturePlan& plan) {
    const int64_t wanted = options_.window_size + plan.LookBackRows();
    int64_t seen = keep_rows_.load();
    while (seen < wanted && !keep_rows_.compare_exchange_weak(seen, wanted)) {
    }
  }

  const LiveWindowOptions options_;
  MemoryBudget* const budget_;
  std::atomic<int64_t> keep_rows_;  // window and history; grows with the longest plan
  std::atomic<int64_t> reads_{0};
  std::atomic<int64_t> append_count_{0};
  std::atomic<int64_t> append_ns_{0};

  std::mutex append_mutex_;  // one append at a time; a reader takes it only to install a new plan
  // Held for a few instructions: guards the pointer, and what stats() takes as one.
  mutable std::mutex store_mutex_;
  std::shared_ptr<WindowStore> store_;
  uint64_t epoch_ = NewEpoch();  // guarded by store_mutex_

  ChangeSignal changes_;

  // Reused from append to append, under append_mutex_.
  Incoming incoming_;
  AppendPlan plan_;
  std::vector<int64_t> text_bytes_;
  bool crowded_ = false;
};

Result<std::shared_ptr<LiveWindow>> LiveWindow::Make(LiveWindowOptions options,
                                                     MemoryBudget* budget) {
  ARROW_RETURN_NOT_OK(window::ValidateOptions(options));
  auto impl = std::make_unique<Impl>(std::move(options), budget);
  ARROW_RETURN_NOT_OK(impl->Init());
  return std::shared_ptr<LiveWindow>(new LiveWindow(std::move(impl)));
}

LiveWindow::LiveWindow(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveWindow::~LiveWindow() = default;

Result<AppendResult> LiveWindow::Append(const RowBatch& rows) { return impl_->Append(rows); }

Result<int64_t> LiveWindow::Append(arrow::RecordBatchReader& reader) {
  return impl_->Append(reader);
}

Result<std::shared_ptr<arrow::RecordBatch>> LiveWindow::Read(std::optional<int64_t> tail) const {
  return impl_->Read(tail);
}

Result<std::shared_ptr<arrow::RecordBatch>> LiveWindow::Features(
    const FeaturePlan& plan, std::optional<int64_t> tail) const {
  return impl_->Features(plan, tail);
}

Result<std::vector<std::string>> LiveWindow::VectorNames(const FeaturePlan& plan) const {
  return impl_->VectorNames(plan);
}

Result<int64_t> LiveWindow::LatestVector(const FeaturePlan& plan, std::span<double> out) const {
  return impl_->LatestVector(plan, out);
}

Status LiveWindow::Clear() { return impl_->Clear(); }
LiveWindowStats LiveWindow::stats() const { return impl_->stats(); }
const LiveWindowOptions& LiveWindow::options() const noexcept { return impl_->options(); }
std::shared_ptr<arrow::Schema> LiveWindow::schema() const { return impl_->store()->schema(); }

SourceStatistics LiveWindow::statistics() const {
  const LiveWindowStats stats = impl_->stats();
  return {.num_rows = stats.size,
          .num_bytes = stats.memory_bytes,
          .first_row = stats.append_count - stats.size,
          .epoch = impl_->epoch()};
}

ChangeSignal* LiveWindow::changes() noexcept { return impl_->changes(); }

Result<OpenedSource> LiveWindow::Open(const ReadRequest& request) {
  return impl_->Open(request, nullptr);
}

Result<OpenedSource> LiveWindow::OpenFeatures(const FeaturePlan& plan, const ReadRequest& request) {
  return impl_->Open(request, &plan);
}

}  // namespace headrace
