#pragma once

#include <memory>

#include <arrow/type_fwd.h>
#include <nanobind/nanobind.h>

#include "headrace/status.h"

/// The Arrow PyCapsule interface: columns cross the border of Python without a copy.
/// https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
namespace headrace::python {

/// A capsule "arrow_array_stream" that gives what `reader` gives, and holds on to it until it is
/// released.
nanobind::capsule ExportStream(std::shared_ptr<arrow::RecordBatchReader> reader);

/// A capsule "arrow_schema".
nanobind::capsule ExportSchema(const arrow::Schema& schema);

/// The reader behind anything with `__arrow_c_stream__`. Reading and releasing it may take the GIL:
/// do both where no lock is held. Raises TypeError if `value` has no such method.
Result<std::shared_ptr<arrow::RecordBatchReader>> ImportStream(nanobind::handle value);

/// The schema behind anything with `__arrow_c_schema__`.
Result<std::shared_ptr<arrow::Schema>> ImportSchema(nanobind::handle value);

}  // namespace headrace::python
