#pragma once

#include <nanobind/nanobind.h>

namespace headrace::python {

/// `downsample`: which points of an array a chart needs.
void BindDownsample(nanobind::module_& module);

}  // namespace headrace::python
