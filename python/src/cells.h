#pragma once

#include <optional>
#include <vector>

#include <nanobind/nanobind.h>

#include "headrace/row_batch.h"
#include "headrace/status.h"

namespace headrace::python {

/// The cell of a Python value whose conversion runs no Python code: None, bool, int within int64,
/// float, str and datetime without a zone or in datetime.timezone.utc; of NumPy's scalars those
/// that are floats or strings of Python too. Nothing for any other value, with no exception set.
/// Strings are borrowed from `value`.
std::optional<Cell> PlainCell(nanobind::handle handle) noexcept;

/// The cell of any value that a row may hold: what PlainCell takes, datetimes of other zones,
/// pandas' Timestamp, NaT and NA, NumPy's scalars. An integer beyond int64 becomes kBigInteger.
/// Everything else is refused with ErrorCode::kTypeMismatch (lists, dicts, arrays, Decimal, bytes,
/// date, ...), or kInvalidArgument for a time beyond int64 nanoseconds and a str that has no UTF-8.
/// May run Python code. What the cell borrows is put into `kept`.
Result<Cell> AnyCell(nanobind::handle value, std::vector<nanobind::object>* kept);

/// Loads the datetime C API. Call once, when the module is loaded.
void InitializeCells();

}  // namespace headrace::python
