#pragma once

#include <nanobind/nanobind.h>

namespace headrace::python {

/// Rows as the Arrow stream format, for headrace.Client.
void BindWire(nanobind::module_& module);

}  // namespace headrace::python
