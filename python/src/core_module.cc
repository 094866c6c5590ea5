#include <nanobind/nanobind.h>

#include "bar_store.h"
#include "batch.h"
#include "cells.h"
#include "downsample.h"
#include "feature_plan.h"
#include "headrace/error_code.h"
#include "live_window.h"
#include "rolling.h"
#include "scan.h"
#include "shared_rows.h"
#include "stream_decoder.h"
#include "wire.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

/// name → (Python class, HTTP status), as the one error table has it.
nb::dict ErrorTable() {
  nb::dict kinds;
  for (const ErrorKind& kind : ErrorKinds()) {
    kinds[nb::str(kind.name.data(), kind.name.size())] = nb::make_tuple(
        nb::str(kind.python_exception.data(), kind.python_exception.size()), kind.http_status);
  }
  return kinds;
}

}  // namespace
}  // namespace headrace::python

NB_MODULE(_core, module) {
  using namespace headrace::python;
  InitializeCells();
  module.attr("__version__") = HEADRACE_VERSION;
  module.def("error_kinds", &ErrorTable);
  BindBatch(module);
  BindBarStore(module);
  BindFeaturePlan(module);
  BindLiveWindow(module);
  BindDownsample(module);
  BindRolling(module);
  BindScan(module);
  BindSharedRows(module);
  BindStreamDecoder(module);
  BindWire(module);
}
