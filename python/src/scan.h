#pragma once

#include <nanobind/nanobind.h>

namespace headrace::python {

void BindScan(nanobind::module_& module);

}  // namespace headrace::python
