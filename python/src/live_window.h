#pragma once

#include <nanobind/nanobind.h>

namespace headrace::python {

void BindLiveWindow(nanobind::module_& module);

}  // namespace headrace::python
