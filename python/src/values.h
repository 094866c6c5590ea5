#pragma once

#include <cstdint>

#include <arrow/type_fwd.h>
#include <nanobind/nanobind.h>

namespace headrace::python {

/// A value of a column as Python has it: None, bool, int, float, str, bytes, Decimal, date, time,
/// timedelta, list, dict; datetime in UTC for a column with a zone, and without one for others,
/// cut to microseconds towards the past. Text for what Python has no type for (unions, intervals,
/// times beyond the year 9999).
nanobind::object ValueAt(const arrow::Array& column, int64_t row);

}  // namespace headrace::python
