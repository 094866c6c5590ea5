#include "bars/frame.h"

#include <algorithm>

#include "kernels/ohlcv/fold_ticks.h"

namespace headrace::bars {

using kernels::BarColumns;
using kernels::BarRow;

kernels::TimeSpan Frame::SpanOf(int64_t time) {
  if (time < stretch_.grid.begin || time >= stretch_.grid.end) stretch_ = clock_->At(time);
  return kernels::SpanAt(stretch_.grid, time);
}

Status Frame::Close() {
  ARROW_RETURN_NOT_OK(log_.Reserve(1));
  log_.Push(*open_);
  open_.reset();
  return Status::OK();
}

Status Frame::Add(const BarRow& row) {
  if (open_ && row.start >= open_->end) ARROW_RETURN_NOT_OK(Close());
  if (open_) {
    open_->Merge(row);
  } else {
    const kernels::TimeSpan span = SpanOf(row.start);
    open_ = row;
    open_->start = span.start;
    open_->end = span.end;
  }
  return row.end >= open_->end ? Close() : Status::OK();
}

Status Frame::Build(const Frame& finer) {
  constexpr int64_t kRowsAtOnce = 1024;
  std::vector<int64_t> integers(3 * kRowsAtOnce);
  std::vector<double> doubles(9 * kRowsAtOnce);
  const auto at = [&](int64_t i) { return doubles.data() + i * kRowsAtOnce; };
  const BarColumns folded{
      integers.data(), integers.data() + kRowsAtOnce,     at(0), at(1), at(2), at(3), at(4),
      at(5),           integers.data() + 2 * kRowsAtOnce, at(6), at(7), at(8)};
  const auto take = [&](const BarColumns& rows, int64_t size) -> Status {
    for (int64_t done = 0; done < size;) {
      (void)SpanOf(rows.start[done]);
      const auto some =
          kernels::FoldBars(Advanced(rows, done), size - done, stretch_.grid, folded, kRowsAtOnce);
      for (int64_t i = 0; i < some.bars; ++i) {
        const BarRow row = folded.Load(i);
        if (open_ && open_->start == row.start) {
          open_->Merge(row);
          continue;
        }
        if (open_) ARROW_RETURN_NOT_OK(Close());
        open_ = row;
      }
      done += some.ticks;
    }
    return log_.Trim(INT64_MAX);
  };
  ARROW_RETURN_NOT_OK(finer.log().ForEach(take));
  const int64_t reached =
      finer.open() ? std::max(finer.open()->start, finer.log().last_end()) : finer.log().last_end();
  if (open_ && open_->end <= reached) ARROW_RETURN_NOT_OK(Close());
  if (!finer.open()) return Status::OK();
  if (open_) {
    open_->Merge(*finer.open());
    return Status::OK();
  }
  const kernels::TimeSpan span = SpanOf(finer.open()->start);
  open_ = finer.open();
  open_->start = span.start;
  open_->end = span.end;
  return Status::OK();
}

}  // namespace headrace::bars
