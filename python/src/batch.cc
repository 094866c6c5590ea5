#include "batch.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrow_capsules.h"
#include "headrace/memory_budget.h"
#include "status_exception.h"
#include "values.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

/// As they are in the matrix, or the step before.
bool IsWide(const arrow::DataType& type) noexcept {
  return type.id() == arrow::Type::INT64 || type.id() == arrow::Type::DOUBLE;
}

bool IsNumeric(const arrow::DataType& type) noexcept {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id());
}

int64_t NumNumeric(const arrow::Schema& schema) noexcept {
  int64_t count = 0;
  for (const auto& field : schema.fields()) count += IsNumeric(*field->type());
  return count;
}

/// numpy.empty, looked up once: it is on the path of every tick.
nb::handle NumpyEmpty() {
  static const nb::handle empty = nb::object(nb::module_::import_("numpy").attr("empty")).release();
  return empty;
}

double* DataOf(nb::handle array) {
  Py_buffer view;
  if (PyObject_GetBuffer(array.ptr(), &view, PyBUF_WRITABLE) != 0) {
    nb::raise_python_error();
  }
  auto* data = static_cast<double*>(view.buf);
  PyBuffer_Release(&view);  // the array itself keeps the memory
  return data;
}

nb::dict RowOf(const Batch& self, int64_t row) {
  if (row < -self.num_rows || row >= self.num_rows) {
    throw nb::index_error("row out of range");
  }
  if (row < 0) {
    row += self.num_rows;
  }
  auto piece = self.pieces.begin();
  for (; row >= (*piece)->num_rows(); ++piece) {
    row -= (*piece)->num_rows();
  }
  nb::dict values;
  for (int i = 0; i < self.schema->num_fields(); ++i) {
    const std::string& name = self.schema->field(i)->name();
    values[nb::str(name.data(), name.size())] = ValueAt(*(*piece)->column(i), row);
  }
  return values;
}

template <typename ArrayType>
void FillRows(const arrow::Array& column, int64_t begin, int64_t end, int64_t stride,
              double* out) noexcept {
  const auto& values = static_cast<const ArrayType&>(column);
  const auto* raw = values.raw_values();
  const bool nulls = column.null_count() > 0;
  for (int64_t i = begin; i < end; ++i) {
    out[i * stride] = nulls && values.IsNull(i) ? std::numeric_limits<double>::quiet_NaN()
                                                : static_cast<double>(raw[i]);
  }
}

/// Some rows at a time, so that the lines of the result that are written stay in the cache while
/// all columns pass over them.
void FillMatrix(const arrow::ArrayVector& columns, int64_t num_rows, double* out) {
  constexpr int64_t kRowsAtATime = 32;
  const auto stride = static_cast<int64_t>(columns.size());
  for (int64_t row = 0; row < num_rows; row += kRowsAtATime) {
    const int64_t end = std::min(row + kRowsAtATime, num_rows);
    for (int64_t i = 0; i < stride; ++i) {
      const arrow::Array& column = *columns[i];
      if (column.type_id() == arrow::Type::INT64) {
        FillRows<arrow::Int64Array>(column, row, end, stride, out + i);
      } else {
        FillRows<arrow::DoubleArray>(column, row, end, stride, out + i);
      }
    }
  }
}

/// The numeric columns as int64 or double, in the order of the schema.
Result<arrow::ArrayVector> NumericColumns(const arrow::RecordBatch& batch) {
  arrow::ArrayVector columns;
  for (const std::shared_ptr<arrow::Array>& column : batch.columns()) {
    if (!IsNumeric(*column->type())) continue;
    columns.push_back(column);
    if (IsWide(*column->type())) continue;
    arrow::compute::ExecContext context(MemoryBudget::Process());
    ARROW_ASSIGN_OR_RAISE(columns.back(),
                          arrow::compute::Cast(*column, arrow::float64(),
                                               arrow::compute::CastOptions::Unsafe(), &context));
  }
  return columns;
}

nb::object ToMatrix(const Batch& self) {
  const int64_t width = NumNumeric(*self.schema);
  nb::object matrix = NumpyEmpty()(nb::make_tuple(self.num_rows, width));
  if (self.num_rows == 0 || width == 0) {
    return matrix;
  }
  double* out = DataOf(matrix);
  Check(WithoutGil([&]() -> Status {
    for (const auto& piece : self.pieces) {
      ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector columns, NumericColumns(*piece));
      FillMatrix(columns, piece->num_rows(), out);
      out += piece->num_rows() * width;
    }
    return Status::OK();
  }));
  return matrix;
}

std::vector<std::string> ColumnNames(const Batch& self) { return self.schema->field_names(); }

std::vector<std::string> NumericColumnNames(const Batch& self) {
  std::vector<std::string> names;
  for (const auto& field : self.schema->fields()) {
    if (IsNumeric(*field->type())) {
      names.push_back(field->name());
    }
  }
  return names;
}

std::vector<std::string> ColumnTypes(const Batch& self) {
  std::vector<std::string> types;
  for (const auto& field : self.schema->fields()) {
    types.push_back(field->type()->ToString());
  }
  return types;
}

nb::capsule Export(const Batch& self, nb::handle) {
  return ExportStream(Unwrap(arrow::RecordBatchReader::Make(self.pieces, self.schema)));
}

}  // namespace

Batch::Batch(std::shared_ptr<arrow::RecordBatch> batch)
    : schema(batch->schema()), pieces{std::move(batch)}, num_rows(pieces.front()->num_rows()) {}

Batch::Batch(std::shared_ptr<arrow::Schema> schema_of_all,
             std::vector<std::shared_ptr<arrow::RecordBatch>> all)
    : schema(std::move(schema_of_all)), pieces(std::move(all)) {
  for (const auto& piece : pieces) num_rows += piece->num_rows();
}

DoubleArray NewDoubleArray(int64_t size) {
  nb::object array = NumpyEmpty()(size);
  double* values = size > 0 ? DataOf(array) : nullptr;
  return {std::move(array), values};
}

void BindBatch(nb::module_& module) {
  nb::class_<Batch>(module, "Batch")
      .def_prop_ro("num_rows", [](const Batch& self) { return self.num_rows; })
      .def_prop_ro("columns", &ColumnNames)
      .def_prop_ro("numeric_columns", &NumericColumnNames)
      .def_prop_ro("column_types", &ColumnTypes)
      .def("row", &RowOf, nb::arg("index"))
      .def("to_numpy", &ToMatrix)
      .def("__arrow_c_stream__", &Export, nb::arg("requested_schema") = nb::none())
      .def("__arrow_c_schema__", [](const Batch& self) { return ExportSchema(*self.schema); });
  nb::class_<Schema>(module, "Schema")
      .def_prop_ro("names", [](const Schema& self) { return self.schema->field_names(); })
      .def("__arrow_c_schema__", [](const Schema& self) { return ExportSchema(*self.schema); });
}

}  // namespace headrace::python
