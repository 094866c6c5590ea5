#pragma once

#include <cstdint>

#include <arrow/type_fwd.h>

namespace headrace::codec {

/// What `rows` rows of a column take, from `first_row` on: values, offsets and null bits, as if
/// copied. Dictionaries do not count: rows share them. Cost: constant for flat columns, the depth
/// for nested ones, the rows for views.
int64_t RowBytes(const arrow::ArrayData& column, int64_t first_row, int64_t rows);

/// The same over all columns.
int64_t RowBytes(const arrow::RecordBatch& batch, int64_t first_row, int64_t rows);

/// How many rows from `first_row` on, at most `max_rows`, take at most `max_bytes`; at least one.
/// Requires: max_rows >= 1, first_row + max_rows <= batch.num_rows().
int64_t RowsWithin(const arrow::RecordBatch& batch, int64_t first_row, int64_t max_rows,
                   int64_t max_bytes);

}  // namespace headrace::codec
