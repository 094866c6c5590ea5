#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/row_batch.h"
#include "headrace/status.h"
#include "window/column.h"

namespace headrace::window {

/// One column of an append, before the window has given it a type: loosely typed cells, or Arrow
/// arrays of one of the window's own types. Borrowed from the request.
struct IncomingColumn {
  std::string_view name;
  const Cell* cells = nullptr;                        // of num_rows rows, or
  std::vector<std::shared_ptr<arrow::Array>> arrays;  // together num_rows rows
  ColumnType array_type = ColumnType::kNull;          // of arrays
};

/// What an append is made of.
struct Incoming {
  int64_t num_rows = 0;
  std::vector<IncomingColumn> columns;
};

/// Takes `rows` as they are. Reuses the memory of `out`.
void TakeRows(const RowBatch& rows, Incoming* out);

/// Takes all batches of `reader`, its types brought to the window's: integers to int64, floats to
/// double, dates and timestamps to UTC nanoseconds, dictionary, large and view strings to utf8.
/// ErrorCode::kTypeMismatch for a type that has no counterpart or a value that does not fit.
Result<Incoming> TakeBatches(arrow::RecordBatchReader& reader, arrow::MemoryPool* pool);

/// Bytes of the strings in rows [first, num_rows).
int64_t TextBytes(const IncomingColumn& column, int64_t first, int64_t num_rows) noexcept;

/// Writes rows [first, num_rows) to `target` from `target_row` on. Requires: the column was
/// accepted for the target's type by UnifyType() (append_plan.h), so that every value fits.
void WriteRows(const IncomingColumn& column, int64_t first, int64_t num_rows, int64_t target_row,
               Column* target) noexcept;

/// An ISO 8601 date or date and time, with `Z`, an offset or nothing (taken as UTC), in
/// nanoseconds.
bool ParseTimestamp(std::string_view text, int64_t* utc_ns) noexcept;

}  // namespace headrace::window
