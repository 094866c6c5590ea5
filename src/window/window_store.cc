#include "window/window_store.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "window/feature_table.h"

namespace headrace::window {
namespace {

// A store has address space for many windows, so that moving to the next one is rare: a row is
// copied once for every 31 that are appended.
constexpr int64_t kWindowsPerStore = 32;
constexpr int64_t kMinCapacityRows = 1 << 16;
constexpr int64_t kMinTextCapacityBytes = 1 << 22;
constexpr int64_t kMaxTextCapacityBytes = (int64_t{1} << 31) - 4096;  // what int32 offsets can say
constexpr int64_t kGranulesPerWindow = 8;
constexpr int64_t kMaxGranuleBytes = 1 << 20;
constexpr int64_t kReserveAheadBytes = 1 << 16;

}  // namespace

void StorePin::Release() noexcept {
  if (store != nullptr) store->Unpin(begin);
  table.reset();
  store.reset();
}

int64_t WindowStore::granule_bytes() const noexcept {
  return std::clamp(layout_.window_rows * 8 / kGranulesPerWindow, SlidingRegion::PageBytes(),
                    kMaxGranuleBytes);
}

WindowStore::WindowStore(MemoryBudget* budget) : reservation_(budget->Reserve("window")) {}
WindowStore::~WindowStore() = default;

Result<std::shared_ptr<WindowStore>> WindowStore::Make(std::vector<PlannedColumn> columns,
                                                       StoreLayout layout, MemoryBudget* budget,
                                                       const WindowStore* from, int64_t more_rows,
                                                       int64_t more_text_bytes) {
  auto store = std::shared_ptr<WindowStore>(new WindowStore(budget));
  store->layout_ = layout;
  const int64_t end = from ? from->end_row() : 0;
  const int64_t begin = from ? from->floor_row() : 0;
  store->origin_row_ = begin;
  store->capacity_rows_ = std::max(
      kMinCapacityRows, kWindowsPerStore * std::max(layout.keep_rows, end - begin) + more_rows);
  store->end_row_ = end;
  store->floor_row_ = begin;
  store->round_line_ = store->released_line_ = begin;

  int64_t text_bytes = 0;
  if (from != nullptr) {
    for (const auto& column : from->columns()) {
      text_bytes = std::max(text_bytes, column.column->TextBytes(begin, end));
    }
  }
  text_bytes += more_text_bytes;
  if (text_bytes > kMaxTextCapacityBytes) {
    return MakeError(
        ErrorCode::kTooLarge,
        fmt::format("a column of strings may hold {} in the rows of a window, not {}",
                    FormatByteSize(kMaxTextCapacityBytes), FormatByteSize(text_bytes)));
  }
  ARROW_RETURN_NOT_OK(store->AddColumns(
      std::move(columns),
      std::clamp(kWindowsPerStore * text_bytes, kMinTextCapacityBytes, kMaxTextCapacityBytes)));
  ARROW_RETURN_NOT_OK(store->ReserveFor(more_rows, text_bytes));
  if (from != nullptr) store->CopyRows(*from);
  return store;
}

Status WindowStore::AddColumns(std::vector<PlannedColumn> columns, int64_t text_capacity_bytes) {
  arrow::FieldVector fields;
  for (PlannedColumn& planned : columns) {
    ARROW_ASSIGN_OR_RAISE(auto column,
                          Column::Make({.type = planned.type,
                                        .origin_row = origin_row_,
                                        .capacity_rows = capacity_rows_,
                                        .text_capacity_bytes = text_capacity_bytes,
                                        .granule_bytes = granule_bytes(),
                                        .stagger = static_cast<int>(columns_.size())}));
    base_row_bytes_ += Column::RowBytes(planned.type, true);
    num_regions_ += column->NumRegions();
    fields.push_back(arrow::field(planned.name, ArrowType(planned.type)));
    columns_.push_back({std::move(planned.name), std::move(column)});
  }
  schema_ = arrow::schema(std::move(fields));
  ListTrimmed();
  return Status::OK();
}

void WindowStore::CopyRows(const WindowStore& from) noexcept {
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& target = *columns_[i].column;
    if (i < from.columns_.size() && from.columns_[i].type() != ColumnType::kNull) {
      target.CopyRows(*from.columns_[i].column, floor_row(), end_row());
    } else {
      for (int64_t row = floor_row(); row < end_row(); ++row) target.WriteNull(row);
    }
  }
}

int WindowStore::Find(std::string_view name, size_t hint) const noexcept {
  if (hint < columns_.size() && columns_[hint].name == name) return static_cast<int>(hint);
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int64_t WindowStore::shown_begin(int64_t window_rows) const noexcept {
  return std::max(floor_row(), end_row() - window_rows);
}

void WindowStore::Pin(int64_t window_rows, bool with_history, const FeaturePlan* plan,
                      StorePin* pin) {
  std::lock_guard lock(pins_mutex_);
  // The floor first: it only rises, and rows above a floor that was read under the lock are not
  // given back before the lock is free.
  const int64_t floor = floor_row();
  pin->end = end_row();
  pin->shown_begin = std::max(floor, pin->end - window_rows);
  pin->begin = with_history ? floor : pin->shown_begin;
  pins_.push_back(pin->begin);
  pin->store = shared_from_this();
  if (plan == nullptr) return;
  for (const auto& table : tables_) {
    if (table->plan() == *plan) pin->table = table;
  }
}

void WindowStore::Unpin(int64_t begin) noexcept {
  std::lock_guard lock(pins_mutex_);
  const auto place = std::find(pins_.begin(), pins_.end(), begin);
  *place = pins_.back();
  pins_.pop_back();
}

bool WindowStore::HasRoom(int64_t rows, const std::vector<int64_t>& text_bytes) const noexcept {
  const int64_t end = end_row_.load(std::memory_order_relaxed);
  if (end + rows > origin_row_ + capacity_rows_) return false;
  for (size_t i = 0; i < text_bytes.size(); ++i) {
    const Column& column = *columns_[i].column;
    if (column.type() != ColumnType::kString) continue;
    // Offsets are absolute in the region, so that the last one says how much of it is used.
    const int64_t used = column.TextEnd(end);
    if (used + text_bytes[i] > column.TextCapacityBytes()) return false;
  }
  return true;
}

int64_t WindowStore::NeededBytes(int64_t rows, int64_t text_bytes) const noexcept {
  const int64_t end = end_row_.load(std::memory_order_relaxed);
  const int64_t line = std::max(released_line_, origin_row_);
  const auto base_rows = static_cast<double>(end - line + rows);
  const auto shown_rows = static_cast<double>(std::min(end - line, layout_.window_rows) + rows);
  int64_t text = text_bytes;
  for (const auto& column : columns_) {
    if (column.type() == ColumnType::kString) text += column.column->TextBytes(floor_row(), end);
  }
  // A region has a begun page at either end, and bytes that are not yet worth giving back.
  const int64_t behind = std::min(granule_bytes(), (floor_row() - origin_row_) * 8);
  const int64_t slack = num_regions_ * (SlidingRegion::PageBytes() + behind);
  return slack + text + static_cast<int64_t>(base_rows * base_row_bytes_) +
         static_cast<int64_t>(shown_rows * table_row_bytes_);
}

Status WindowStore::ReserveFor(int64_t rows, int64_t text_bytes) {
  const int64_t needed = NeededBytes(rows, text_bytes);
  const int64_t held = reservation_.bytes();
  if (needed > held || needed < held - held / 4 - 2 * kReserveAheadBytes) {
    // A little ahead, so that the budget is not asked for every row; exactly, if only that fits.
    if (!reservation_.Resize(needed + kReserveAheadBytes + needed / 64).ok()) {
      ARROW_RETURN_NOT_OK(reservation_.Resize(needed));
    }
  }
  reserved_bytes_.store(needed, std::memory_order_relaxed);
  return Status::OK();
}

void WindowStore::Publish(int64_t end_row, int64_t floor_row) noexcept {
  // Rows that follow a gap and rows before it must not be seen side by side.
  std::unique_lock lock(pins_mutex_, std::defer_lock);
  if (floor_row >= end_row_.load(std::memory_order_relaxed)) lock.lock();
  end_row_.store(end_row, std::memory_order_release);
  if (floor_row > floor_row_.load(std::memory_order_relaxed)) {
    floor_row_.store(floor_row, std::memory_order_relaxed);
  }
}

int64_t WindowStore::OldestPinned() const noexcept {
  std::lock_guard lock(pins_mutex_);
  const auto oldest = std::min_element(pins_.begin(), pins_.end());
  return oldest == pins_.end() ? std::numeric_limits<int64_t>::max() : *oldest;
}

int64_t WindowStore::Trim(int64_t rows_appended, int64_t window_rows) noexcept {
  if (trimmed_.empty()) return 0;
  const int64_t pinned = OldestPinned();
  const int64_t line = std::min(floor_row(), pinned);
  const int64_t shown_line = std::min(shown_begin(window_rows), pinned);
  const auto steps = std::min<int64_t>(rows_appended, static_cast<int64_t>(trimmed_.size()));
  for (int64_t i = 0; i < steps; ++i) {
    if (next_trimmed_ == 0) {
      released_line_ = round_line_;
      round_line_ = line;
    }
    trimmed_[next_trimmed_]->Release(next_trimmed_ < num_history_ ? line : shown_line);
    next_trimmed_ = (next_trimmed_ + 1) % trimmed_.size();
  }
  return floor_row() - line;
}

Status WindowStore::Install(std::shared_ptr<FeatureTable> table, int64_t max_tables) {
  std::vector<std::shared_ptr<FeatureTable>> tables = tables_;
  while (static_cast<int64_t>(tables.size()) >= max_tables) {
    tables.erase(std::min_element(tables.begin(), tables.end(), [](const auto& a, const auto& b) {
      return a->last_read.load() < b->last_read.load();
    }));
  }
  tables.push_back(std::move(table));
  const double old_row_bytes = table_row_bytes_;
  const int64_t old_num_regions = num_regions_;
  for (const auto& old : tables_) num_regions_ -= old->num_regions();
  table_row_bytes_ = 0;
  for (const auto& kept : tables) {
    table_row_bytes_ += kept->row_bytes();
    num_regions_ += kept->num_regions();
  }
  if (Status status = ReserveFor(0, 0); !status.ok()) {
    table_row_bytes_ = old_row_bytes;
    num_regions_ = old_num_regions;
    return status;
  }
  {
    std::lock_guard lock(pins_mutex_);
    tables_.swap(tables);
  }
  ListTrimmed();
  return Status::OK();
}

void WindowStore::ListTrimmed() {
  trimmed_.clear();
  for (const auto& column : columns_) trimmed_.push_back(column.column.get());
  for (const auto& table : tables_) {
    const auto columns = table->history_columns();
    trimmed_.insert(trimmed_.end(), columns.begin(), columns.end());
  }
  num_history_ = trimmed_.size();
  for (const auto& table : tables_) {
    const auto columns = table->shown_columns();
    trimmed_.insert(trimmed_.end(), columns.begin(), columns.end());
  }
  next_trimmed_ = 0;
}

}  // namespace headrace::window
