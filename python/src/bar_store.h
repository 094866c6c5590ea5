#pragma once

#include <nanobind/nanobind.h>

namespace headrace::python {

void BindBarStore(nanobind::module_& module);

}  // namespace headrace::python
