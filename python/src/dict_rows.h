#pragma once

#include <vector>

#include <nanobind/nanobind.h>

#include "headrace/row_batch.h"

namespace headrace::python {

/// Python dicts as a RowBatch. Made to be reused: Reset() keeps the memory.
/// Names and strings are borrowed from the dicts' own str objects (UTF-8 is not copied).
/// Thread rule: needs the GIL, also to be reset or destroyed.
class DictRows {
 public:
  void Reset() noexcept;

  /// One row that is read while the GIL is held all the time: what the dict holds is borrowed from
  /// it. Raises headrace.TypeMismatch or InvalidArgument, located as ("data", row, column).
  void AddRow(nanobind::handle dict);

  /// A list of dicts that is read after the GIL was released: keeps references of its own, so that
  /// the caller may change the list and its dicts meanwhile.
  void AddRows(nanobind::handle list);

  /// Ends the last row. Valid until Reset().
  const RowBatch& Seal();

 private:
  void AddDict(nanobind::handle dict, bool keep);
  void AddKept(nanobind::handle dict, int64_t skip);
  void AddCell(nanobind::handle key, Cell cell, bool keep_key);

  RowBatch rows_;
  std::vector<nanobind::object> kept_;
};

/// The DictRows of the calling thread, reset when the lease ends; one of its own if the thread's is
/// in use (a conversion may run Python code, which may append a row).
class DictRowsLease {
 public:
  DictRowsLease();
  ~DictRowsLease();
  DictRowsLease(const DictRowsLease&) = delete;
  DictRowsLease& operator=(const DictRowsLease&) = delete;

  DictRows* operator->() noexcept { return rows_; }

 private:
  DictRows* rows_;
  bool owned_;
};

}  // namespace headrace::python
