#pragma once

#include <nanobind/nanobind.h>

namespace headrace::python {

/// Arrow streams that are decoded while they arrive.
void BindStreamDecoder(nanobind::module_& module);

}  // namespace headrace::python
