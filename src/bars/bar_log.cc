#include "bars/bar_log.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace headrace::bars {
namespace {

constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();

/// How many of the rows end at or before `at`.
int64_t CountEnded(const BarRows& rows, int64_t at) noexcept {
  if (rows.size() == 0) return 0;
  const int64_t* const end = rows.columns().end;
  return std::upper_bound(end, end + rows.size(), at) - end;
}

}  // namespace

LogSlice BarLog::SliceOf(const BarRows& rows, int64_t begin, int64_t end) const noexcept {
  if (begin >= end) return {};
  return {Advanced(rows.columns(), begin), end - begin, rows.block()};
}

/// What is behind the view is not known to it: a time at which that has ended is none for the view.
int64_t BarLog::ViewUntil() const noexcept {
  const int64_t end = view_first_ + view_.size();
  if (end == rows()) return kNoEnd;
  if (end >= files_rows_) return tail_.columns().end[end - files_rows_];
  return view_.columns().end[view_.size() - 1] + 1;
}

bool BarLog::FromMemory(int64_t n, int64_t at, LogSlice* slice) const noexcept {
  const int64_t in_tail = CountEnded(tail_, at);
  if (files_rows_ == 0 || in_tail >= std::max<int64_t>(n, 1)) {
    *slice = SliceOf(tail_, std::max<int64_t>(0, in_tail - n), in_tail);
    return true;
  }
  if (view_.size() == 0) return false;
  const int64_t until = ViewUntil();
  if (at >= until && until != kNoEnd) return false;
  const int64_t in_view = CountEnded(view_, at);
  if (in_view < std::max<int64_t>(n, 1) && view_first_ > 0) return false;
  *slice = SliceOf(view_, std::max<int64_t>(0, in_view - n), in_view);
  return true;
}

bool BarLog::TailHas(int64_t start) const noexcept {
  if (tail_.size() == 0) return false;
  const int64_t* const starts = tail_.columns().start;
  return std::binary_search(starts, starts + tail_.size(), start);
}

Result<LogSlice> BarLog::Last(int64_t n, int64_t at, bool* missed) {
  longest_look_back_ = std::max(longest_look_back_, std::min(n, rows()));
  LogSlice slice;
  if (FromMemory(n, at, &slice)) return slice;
  *missed = true;
  ARROW_RETURN_NOT_OK(
      LoadView(at, std::max(place_.history_bars, longest_look_back_), place_.future_bars));
  if (!FromMemory(n, at, &slice)) return LogSlice{};
  return slice;
}

/// The rows up to `at`, of which those before `from` are cut off: the look-back is doubled until it
/// reaches that far.
Result<LogSlice> BarLog::Range(int64_t from, int64_t to, int64_t at, bool* missed) {
  const int64_t before = longest_look_back_;
  if (to <= std::numeric_limits<int64_t>::min() + 1) return LogSlice{};
  for (int64_t n = std::max<int64_t>(1024, place_.history_bars);; n *= 4) {
    ARROW_ASSIGN_OR_RAISE(LogSlice slice, Last(std::min(n, rows()), at, missed));
    longest_look_back_ = before;  // a range is not a look-back
    const int64_t* const starts = slice.columns.start;
    if (slice.rows == 0) return slice;
    if (starts[0] > from && slice.rows == n && n < rows()) continue;
    const int64_t begin = std::lower_bound(starts, starts + slice.rows, from) - starts;
    const int64_t end = std::lower_bound(starts, starts + slice.rows, to) - starts;
    if (begin >= end) return LogSlice{};
    slice.columns = Advanced(slice.columns, begin);
    slice.rows = end - begin;
    return slice;
  }
}

/// Row groups of files, and of the tail what is next to them, so that the view has `history` rows
/// before `at` and `future` behind.
Status BarLog::LoadView(int64_t at, int64_t history, int64_t future) {
  int64_t position = 0;  // first row of the group in which `at` lies
  bool found = false;
  for (const auto& file : files_) {
    for (int64_t group = 0; group < file->num_groups() && !found; ++group) {
      found = file->last_end(group) > at;
      if (!found)
        position += std::min(BarFile::kGroupRows, file->rows() - group * BarFile::kGroupRows);
    }
    if (found) break;
  }
  const int64_t behind =
      found ? position + BarFile::kGroupRows : files_rows_ + CountEnded(tail_, at);
  const int64_t first = std::max<int64_t>(0, position - history);
  const int64_t end = std::min(rows(), behind + future);
  BarRows view(place_.pool, place_.held);
  ARROW_RETURN_NOT_OK(view.Reserve(end - first + 2 * BarFile::kGroupRows));
  int64_t file_first = 0;
  int64_t view_first = -1;
  for (const auto& file : files_) {
    const int64_t from = std::max<int64_t>(0, first - file_first) / BarFile::kGroupRows;
    const int64_t until = std::min(
        file->num_groups(), (end - file_first + BarFile::kGroupRows - 1) / BarFile::kGroupRows);
    if (from < until && first < file_first + file->rows()) {
      ARROW_RETURN_NOT_OK(file->Read(from, until, place_.pool, &view));
      if (view_first < 0) view_first = file_first + from * BarFile::kGroupRows;
    }
    file_first += file->rows();
  }
  if (end > files_rows_ && tail_.size() > 0) {
    ARROW_RETURN_NOT_OK(view.Append(tail_.columns(), end - files_rows_));
    if (view_first < 0) view_first = files_rows_;
  }
  view_ = std::move(view);
  view_first_ = std::max<int64_t>(0, view_first);
  return Status::OK();
}

/// The oldest rows of the tail, into files that are neither many nor long to rewrite.
Status BarLog::Spill(int64_t rows) {
  while (rows > 0) {
    const int64_t some = std::min(rows, kFileRows);
    const bool joins = !files_.empty() && files_.back()->rows() + some <= kSmallFileRows;
    std::shared_ptr<const BarFile> file;
    if (joins) {
      BarRows all(place_.pool, place_.held);
      const BarFile& last = *files_.back();
      ARROW_RETURN_NOT_OK(all.Reserve(last.rows() + some));
      ARROW_RETURN_NOT_OK(last.Read(0, last.num_groups(), place_.pool, &all));
      ARROW_RETURN_NOT_OK(all.Append(tail_.columns(), some));
      ARROW_ASSIGN_OR_RAISE(file,
                            BarFile::Write(all.columns(), all.size(), *place_.folder, place_.pool));
      files_.back() = std::move(file);
    } else {
      ARROW_ASSIGN_OR_RAISE(file,
                            BarFile::Write(tail_.columns(), some, *place_.folder, place_.pool));
      files_.push_back(std::move(file));
    }
    files_rows_ += some;
    tail_.DropFront(some);
    rows -= some;
  }
  return Status::OK();
}

Status BarLog::Trim(int64_t keep_from) {
  const int64_t keep = std::max(place_.history_bars, longest_look_back_);
  const int64_t old = tail_.size() - keep;
  if (old < place_.trim_bars) return Status::OK();
  return Spill(std::min(old, CountEnded(tail_, keep_from)));
}

Status BarLog::Evict(int64_t keep_from) {
  view_.Clear();
  return Spill(CountEnded(tail_, keep_from));
}

}  // namespace headrace::bars
