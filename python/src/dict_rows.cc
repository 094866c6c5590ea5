#include "dict_rows.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "cells.h"
#include "headrace/error_code.h"
#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

/// The text of a str; nothing, with no exception set, of anything else.
std::optional<std::string_view> TextOf(nb::handle key) noexcept {
  if (PyUnicode_Check(key.ptr())) {
    Py_ssize_t size = 0;
    if (const char* data = PyUnicode_AsUTF8AndSize(key.ptr(), &size)) {
      return std::string_view(data, static_cast<size_t>(size));
    }
    PyErr_Clear();
  }
  return std::nullopt;
}

std::string_view NameOf(nb::handle key, int64_t row) {
  const std::optional<std::string_view> name = TextOf(key);
  if (!name) {
    Raise(MakeError(
        ErrorCode::kTypeMismatch,
        fmt::format("row {}: a column's name is a str, not {}", row, Py_TYPE(key.ptr())->tp_name),
        {"data", std::to_string(row)}));
  }
  return *name;
}

}  // namespace

void DictRows::Reset() noexcept {
  rows_.Reset();
  kept_.clear();
}

const RowBatch& DictRows::Seal() {
  rows_.Seal();
  return rows_;
}

void DictRows::AddCell(nb::handle key, Cell cell, bool keep_key) {
  const int64_t columns = rows_.num_columns();
  rows_.Set(NameOf(key, rows_.num_rows() - 1), cell);
  if (keep_key && rows_.num_columns() > columns) {
    kept_.push_back(nb::borrow(key));
  }
}

void DictRows::AddRow(nb::handle dict) { AddDict(dict, false); }

void DictRows::AddDict(nb::handle dict, bool keep) {
  rows_.BeginRow();
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  int64_t done = 0;
  while (PyDict_Next(dict.ptr(), &position, &key, &value)) {
    const std::optional<Cell> cell = PlainCell(value);
    if (!cell) {
      // What comes now may run Python code, and that may change the dict: the rest is read from a
      // copy, which also holds on to what was borrowed so far.
      AddKept(dict, done);
      return;
    }
    if (keep && cell->kind == Cell::Kind::kString) {
      kept_.push_back(nb::borrow(value));
    }
    AddCell(key, *cell, keep);
    ++done;
  }
}

void DictRows::AddKept(nb::handle dict, int64_t skip) {
  const nb::object copy = nb::steal(PyDict_Copy(dict.ptr()));
  if (!copy.is_valid()) {
    nb::raise_python_error();
  }
  kept_.push_back(copy);
  const int64_t row = rows_.num_rows() - 1;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(copy.ptr(), &position, &key, &value)) {
    if (skip-- > 0) {
      continue;
    }
    const std::string_view name = NameOf(key, row);
    Result<Cell> cell = AnyCell(value, &kept_);
    if (!cell.ok()) {
      Raise(MakeError(CodeOf(cell.status()),
                      fmt::format("row {}, column '{}': {}", row, name, cell.status().message()),
                      {"data", std::to_string(row), std::string(name)}));
    }
    AddCell(key, *cell, false);
  }
}

void DictRows::AddRows(nb::handle list) {
  // A tuple of its own: the list may change while a conversion runs Python code.
  const nb::tuple dicts = nb::steal<nb::tuple>(PySequence_Tuple(list.ptr()));
  if (!dicts.is_valid()) {
    nb::raise_python_error();
  }
  for (nb::handle dict : dicts) {
    const int64_t row = rows_.num_rows();
    if (!PyDict_Check(dict.ptr())) {
      Raise(MakeError(
          ErrorCode::kTypeMismatch,
          fmt::format("row {} is {}: give a dict for each row", row, Py_TYPE(dict.ptr())->tp_name),
          {"data", std::to_string(row)}));
    }
    AddDict(dict, true);
  }
}

namespace {

struct ThreadRows {
  DictRows rows;
  bool in_use = false;
};
thread_local ThreadRows thread_rows;

}  // namespace

DictRowsLease::DictRowsLease() : rows_(&thread_rows.rows), owned_(thread_rows.in_use) {
  if (owned_) {
    rows_ = new DictRows;
  } else {
    thread_rows.in_use = true;
  }
}

DictRowsLease::~DictRowsLease() {
  if (owned_) {
    delete rows_;
  } else {
    rows_->Reset();
    thread_rows.in_use = false;
  }
}

}  // namespace headrace::python
