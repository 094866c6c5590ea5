#pragma once

#include <memory>

#include <arrow/type_fwd.h>
#include <nanobind/nanobind.h>

namespace headrace::python {

/// Rows that a buffer gave out. Immutable; they stay valid whatever becomes of the buffer.
struct Batch {
  std::shared_ptr<arrow::RecordBatch> batch;
};

/// What has a schema and no rows, for pyarrow.schema() to take over.
struct Schema {
  std::shared_ptr<arrow::Schema> schema;
};

/// A new one-dimensional array of float64, not yet filled, and where its values lie.
struct DoubleArray {
  nanobind::object array;
  double* values;
};
DoubleArray NewDoubleArray(int64_t size);

void BindBatch(nanobind::module_& module);

}  // namespace headrace::python
