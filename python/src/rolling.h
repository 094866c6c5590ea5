#pragma once

#include <nanobind/nanobind.h>

namespace headrace::python {

/// `rolling(values, stat, window, min_samples, ddof)`: the batch kernels over one NumPy column.
void BindRolling(nanobind::module_& module);

}  // namespace headrace::python
