#include "cells.h"

#include <datetime.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

constexpr int64_t kSecondsPerDay = 86'400;
constexpr int64_t kMicrosPerSecond = 1'000'000;

/// Days from 1970-01-01 in the proleptic Gregorian calendar.
/// Source: H. Hinnant, "chrono-compatible low-level date algorithms", days_from_civil.
int64_t DaysFromCivil(int64_t year, int64_t month, int64_t day) noexcept {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

/// UTC nanoseconds of a datetime's fields; nothing beyond int64 (before 1677, after 2262).
std::optional<int64_t> NanosOf(PyObject* value, int64_t offset_us, int64_t extra_ns) noexcept {
  const int64_t days = DaysFromCivil(PyDateTime_GET_YEAR(value), PyDateTime_GET_MONTH(value),
                                     PyDateTime_GET_DAY(value));
  const int64_t seconds = days * kSecondsPerDay + PyDateTime_DATE_GET_HOUR(value) * 3600 +
                          PyDateTime_DATE_GET_MINUTE(value) * 60 +
                          PyDateTime_DATE_GET_SECOND(value);
  const int64_t micros =
      seconds * kMicrosPerSecond + PyDateTime_DATE_GET_MICROSECOND(value) - offset_us;
  int64_t nanos = 0;
  if (__builtin_mul_overflow(micros, int64_t{1000}, &nanos) ||
      __builtin_add_overflow(nanos, extra_ns, &nanos)) {
    return std::nullopt;
  }
  return nanos;
}

std::string_view TypeName(nb::handle value) noexcept { return Py_TYPE(value.ptr())->tp_name; }

bool IsPandasMissing(nb::handle value) noexcept {
  const std::string_view name = TypeName(value);
  return name.ends_with("NaTType") || name.ends_with("NAType");
}

Status RefuseType(nb::handle value) {
  return MakeError(ErrorCode::kTypeMismatch,
                   fmt::format("a value of type {} cannot be held: give None, bool, int, float, "
                               "str or datetime (a dict is one row; for whole columns append a "
                               "DataFrame or an Arrow table)",
                               TypeName(value)));
}

Status RefuseTime() {
  return MakeError(ErrorCode::kInvalidArgument,
                   "the time is beyond what nanoseconds in int64 hold (1677-09-21 to 2262-04-11)");
}

Result<Cell> TimeCell(nb::handle value) {
  int64_t offset_us = 0;
  if (PyDateTime_DATE_GET_TZINFO(value.ptr()) != Py_None) {
    const nb::object offset = value.attr("utcoffset")();
    if (!offset.is_none()) {
      offset_us = (PyDateTime_DELTA_GET_DAYS(offset.ptr()) * kSecondsPerDay +
                   PyDateTime_DELTA_GET_SECONDS(offset.ptr())) *
                      kMicrosPerSecond +
                  PyDateTime_DELTA_GET_MICROSECONDS(offset.ptr());
    }
  }
  int64_t extra_ns = 0;
  if (!PyDateTime_CheckExact(value.ptr()) && nb::hasattr(value, "nanosecond")) {
    extra_ns = nb::cast<int64_t>(value.attr("nanosecond"));
  }
  const std::optional<int64_t> nanos = NanosOf(value.ptr(), offset_us, extra_ns);
  if (!nanos) {
    return RefuseTime();
  }
  return Cell::Timestamp(*nanos);
}

Result<Cell> BigIntegerCell(nb::handle value, std::vector<nb::object>* kept) {
  // Python refuses to write out an integer of thousands of digits.
  const auto bits = nb::cast<int64_t>(value.attr("bit_length")());
  nb::str text = bits <= 1024 ? nb::str(value) : nb::str(fmt::format("of {} bits", bits).c_str());
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (data == nullptr) {
    nb::raise_python_error();
  }
  kept->push_back(std::move(text));
  return Cell::Text(Cell::Kind::kBigInteger, {data, static_cast<size_t>(size)});
}

Result<Cell> NumpyCell(nb::handle value, std::vector<nb::object>* kept) {
  const std::string_view name = TypeName(value);
  if (name == "numpy.datetime64") {
    // Looked at in seconds first: NumPy's cast to nanoseconds wraps around without a word.
    const auto seconds = nb::cast<int64_t>(value.attr("astype")("M8[s]").attr("astype")("i8"));
    if (seconds == INT64_MIN) {
      return Cell::Null();
    }
    if (seconds <= INT64_MIN / 1'000'000'000 || seconds >= INT64_MAX / 1'000'000'000) {
      return RefuseTime();
    }
    return Cell::Timestamp(nb::cast<int64_t>(value.attr("astype")("M8[ns]").attr("astype")("i8")));
  }
  if (name == "numpy.longdouble") {
    return Cell::Double(nb::cast<double>(nb::float_(value)));
  }
  nb::object item = value.attr("item")();
  if (name == "numpy.timedelta64") {
    return RefuseType(value);
  }
  if (const std::optional<Cell> cell = PlainCell(item)) {
    kept->push_back(std::move(item));
    return *cell;
  }
  return PyLong_Check(item.ptr()) ? BigIntegerCell(item, kept) : RefuseType(value);
}

bool IsNumpyScalar(nb::handle value) {
  // A module that was never imported has no instances: no need to import it here.
  PyObject* numpy = PyImport_GetModule(nb::str("numpy").ptr());
  if (numpy == nullptr) {
    PyErr_Clear();
    return false;
  }
  return nb::isinstance(value, nb::steal(numpy).attr("generic"));
}

}  // namespace

std::optional<Cell> PlainCell(nb::handle handle) noexcept {
  PyObject* value = handle.ptr();
  if (PyFloat_Check(value)) {
    return Cell::Double(PyFloat_AS_DOUBLE(value));
  }
  if (PyBool_Check(value)) {
    return Cell::Bool(value == Py_True);
  }
  if (PyLong_Check(value)) {
    int overflow = 0;
    const int64_t integer = PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow == 0 ? std::optional(Cell::Int64(integer)) : std::nullopt;
  }
  if (PyUnicode_Check(value)) {
    Py_ssize_t size = 0;
    if (const char* data = PyUnicode_AsUTF8AndSize(value, &size)) {
      return Cell::String({data, static_cast<size_t>(size)});
    }
    PyErr_Clear();
    return std::nullopt;
  }
  if (value == Py_None) {
    return Cell::Null();
  }
  if (PyDateTime_CheckExact(value)) {
    PyObject* zone = PyDateTime_DATE_GET_TZINFO(value);
    if (zone == Py_None || zone == PyDateTime_TimeZone_UTC) {
      if (const std::optional<int64_t> nanos = NanosOf(value, 0, 0)) {
        return Cell::Timestamp(*nanos);
      }
    }
  }
  return std::nullopt;
}

Result<Cell> AnyCell(nb::handle value, std::vector<nb::object>* kept) {
  if (const std::optional<Cell> cell = PlainCell(value)) {
    return *cell;
  }
  if (PyLong_Check(value.ptr())) {
    return BigIntegerCell(value, kept);
  }
  if (PyUnicode_Check(value.ptr())) {
    return MakeError(ErrorCode::kInvalidArgument, "the str has no UTF-8 form (a lone surrogate)");
  }
  if (IsPandasMissing(value)) {  // NaT is a datetime too, so this comes first
    return Cell::Null();
  }
  if (PyDateTime_Check(value.ptr())) {
    return TimeCell(value);
  }
  if (IsNumpyScalar(value)) {
    return NumpyCell(value, kept);
  }
  return RefuseType(value);
}

void InitializeCells() {
  PyDateTime_IMPORT;
  if (PyDateTimeAPI == nullptr) {
    nb::raise_python_error();
  }
}

}  // namespace headrace::python
