#pragma once

#include <nanobind/nanobind.h>

namespace headrace::python {

/// Rows in memory that a server on the same machine has handed over.
void BindSharedRows(nanobind::module_& module);

}  // namespace headrace::python
