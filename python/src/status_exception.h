#pragma once

#include <utility>

#include <nanobind/nanobind.h>

#include "headrace/status.h"

namespace headrace::python {

/// Raises the exception of package `headrace` that the error table names for `status`, with its
/// message, `code` and `location`. Requires: !status.ok(), and the GIL.
[[noreturn]] void Raise(const Status& status);

inline void Check(const Status& status) {
  if (!status.ok()) [[unlikely]] {
    Raise(status);
  }
}

template <typename T>
T Unwrap(Result<T> result) {
  Check(result.status());
  return std::move(result).ValueUnsafe();
}

/// Runs `work` without the GIL and gives what it returns. `work` touches nothing of Python.
template <typename Work>
auto WithoutGil(Work&& work) {
  nanobind::gil_scoped_release release;
  return std::forward<Work>(work)();
}

}  // namespace headrace::python
