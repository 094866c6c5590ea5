#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>
#include <nanobind/nanobind.h>

namespace headrace::python {

/// Rows that a buffer or a scan gave out, in one piece or several. Immutable; they stay valid
/// whatever becomes of what gave them.
struct Batch {
  Batch(std::shared_ptr<arrow::RecordBatch> batch);  // NOLINT: as good as one
  Batch(std::shared_ptr<arrow::Schema> schema,
        std::vector<std::shared_ptr<arrow::RecordBatch>> pieces);

  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::shared_ptr<arrow::RecordBatch>> pieces;
  int64_t num_rows = 0;
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
