#include "scan/ahead_column.h"

#include <algorithm>

#include <arrow/array/array_base.h>

namespace headrace::scan {

Result<int64_t> AheadColumn::Prepare(int64_t rows, int64_t max_bytes) {
  if (ready_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(
        ready_, AtParquetBorder(file_place(), [&] { return DecodeAhead(rows, max_bytes); }));
  }
  return std::min(rows, ready_->length());
}

Result<std::shared_ptr<arrow::Array>> AheadColumn::Take(int64_t rows) {
  auto taken = rows == ready_->length() ? ready_ : ready_->Slice(0, rows);
  ready_ = rows == ready_->length() ? nullptr : ready_->Slice(rows);
  return taken;
}

Status AheadColumn::Skip(int64_t rows) {
  if (ready_ != nullptr) {
    const int64_t here = std::min(rows, ready_->length());
    ready_ = here == ready_->length() ? nullptr : ready_->Slice(here);
    rows -= here;
  }
  if (rows > 0) {
    ARROW_RETURN_NOT_OK(AtParquetBorder(file_place(), [&] { return SkipLookedAt(&rows); }));
  }
  return rows > 0 ? PagedColumn::Skip(rows) : Status::OK();
}

Status AheadColumn::SkipLookedAt(int64_t*) { return Status::OK(); }

}  // namespace headrace::scan
