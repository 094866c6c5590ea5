#include "batch.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrow_capsules.h"
#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

constexpr int64_t kNanosPerMicro = 1000;

bool IsNumeric(const arrow::DataType& type) noexcept {
  return type.id() == arrow::Type::INT64 || type.id() == arrow::Type::DOUBLE;
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

/// datetime in UTC; Python's datetime holds microseconds, the rest is cut off towards the past.
nb::object TimeValue(int64_t nanos) {
  static const nb::handle module = nb::module_::import_("datetime").release();
  static const nb::handle epoch =
      module.attr("datetime")(1970, 1, 1, 0, 0, 0, 0, module.attr("timezone").attr("utc"))
          .release();
  const int64_t micros = nanos / kNanosPerMicro - (nanos % kNanosPerMicro < 0 ? 1 : 0);
  return epoch + module.attr("timedelta")(0, 0, micros);
}

nb::object ValueAt(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) {
    return nb::none();
  }
  switch (column.type_id()) {
    case arrow::Type::INT64:
      return nb::int_(static_cast<const arrow::Int64Array&>(column).Value(row));
    case arrow::Type::DOUBLE:
      return nb::float_(static_cast<const arrow::DoubleArray&>(column).Value(row));
    case arrow::Type::BOOL:
      return nb::bool_(static_cast<const arrow::BooleanArray&>(column).Value(row));
    case arrow::Type::TIMESTAMP:
      return TimeValue(static_cast<const arrow::TimestampArray&>(column).Value(row));
    case arrow::Type::STRING: {
      const std::string_view text = static_cast<const arrow::StringArray&>(column).GetView(row);
      return nb::str(text.data(), text.size());
    }
    default: throw nb::type_error(("no Python value for " + column.type()->ToString()).c_str());
  }
}

nb::dict RowOf(const Batch& self, int64_t row) {
  const int64_t rows = self.batch->num_rows();
  if (row < -rows || row >= rows) {
    throw nb::index_error("row out of range");
  }
  nb::dict values;
  for (int i = 0; i < self.batch->num_columns(); ++i) {
    const std::string& name = self.batch->column_name(i);
    values[nb::str(name.data(), name.size())] =
        ValueAt(*self.batch->column(i), row < 0 ? row + rows : row);
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

nb::object ToMatrix(const Batch& self) {
  arrow::ArrayVector columns;
  for (const std::shared_ptr<arrow::Array>& column : self.batch->columns()) {
    if (IsNumeric(*column->type())) {
      columns.push_back(column);
    }
  }
  nb::object matrix = NumpyEmpty()(nb::make_tuple(self.batch->num_rows(), columns.size()));
  if (self.batch->num_rows() > 0 && !columns.empty()) {
    double* out = DataOf(matrix);
    WithoutGil([&] { FillMatrix(columns, self.batch->num_rows(), out); });
  }
  return matrix;
}

std::vector<std::string> ColumnNames(const Batch& self) {
  return self.batch->schema()->field_names();
}

std::vector<std::string> NumericColumnNames(const Batch& self) {
  std::vector<std::string> names;
  for (const auto& field : self.batch->schema()->fields()) {
    if (IsNumeric(*field->type())) {
      names.push_back(field->name());
    }
  }
  return names;
}

std::vector<std::string> ColumnTypes(const Batch& self) {
  std::vector<std::string> types;
  for (const auto& field : self.batch->schema()->fields()) {
    types.push_back(field->type()->ToString());
  }
  return types;
}

}  // namespace

DoubleArray NewDoubleArray(int64_t size) {
  nb::object array = NumpyEmpty()(size);
  double* values = size > 0 ? DataOf(array) : nullptr;
  return {std::move(array), values};
}

void BindBatch(nb::module_& module) {
  nb::class_<Batch>(module, "Batch")
      .def_prop_ro("num_rows", [](const Batch& self) { return self.batch->num_rows(); })
      .def_prop_ro("columns", &ColumnNames)
      .def_prop_ro("numeric_columns", &NumericColumnNames)
      .def_prop_ro("column_types", &ColumnTypes)
      .def("row", &RowOf, nb::arg("index"))
      .def("to_numpy", &ToMatrix)
      .def(
          "__arrow_c_stream__",
          [](const Batch& self, nb::handle) { return ExportStream(self.batch); },
          nb::arg("requested_schema") = nb::none())
      .def("__arrow_c_schema__",
           [](const Batch& self) { return ExportSchema(*self.batch->schema()); });
  nb::class_<Schema>(module, "Schema").def("__arrow_c_schema__", [](const Schema& self) {
    return ExportSchema(*self.schema);
  });
}

}  // namespace headrace::python
