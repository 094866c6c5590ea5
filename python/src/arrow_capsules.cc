#include "arrow_capsules.h"

#include <utility>

#include <arrow/c/abi.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>

#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

constexpr char kStreamName[] = "arrow_array_stream";
constexpr char kSchemaName[] = "arrow_schema";

/// Owns a struct of the C data interface for the lifetime of its capsule; whoever takes the
/// contents over marks it as released.
template <typename CStruct>
void Destroy(void* pointer) noexcept {
  auto* contents = static_cast<CStruct*>(pointer);
  if (contents->release != nullptr) {
    contents->release(contents);
  }
  delete contents;
}

template <typename CStruct>
CStruct* Contents(const nb::object& capsule, const char* name) {
  void* pointer = PyCapsule_GetPointer(capsule.ptr(), name);
  if (pointer == nullptr) {
    nb::raise_python_error();
  }
  return static_cast<CStruct*>(pointer);
}

nb::object CallExport(nb::handle value, const char* method) {
  if (!nb::hasattr(value, method)) {
    throw nb::type_error((std::string("no method ") + method + ": give an Arrow object").c_str());
  }
  return value.attr(method)();
}

}  // namespace

nb::capsule ExportStream(std::shared_ptr<arrow::RecordBatchReader> reader) {
  auto stream = std::make_unique<ArrowArrayStream>();
  Check(arrow::ExportRecordBatchReader(std::move(reader), stream.get()));
  return nb::capsule(stream.release(), kStreamName, &Destroy<ArrowArrayStream>);
}

nb::capsule ExportSchema(const arrow::Schema& schema) {
  auto exported = std::make_unique<ArrowSchema>();
  Check(arrow::ExportSchema(schema, exported.get()));
  return nb::capsule(exported.release(), kSchemaName, &Destroy<ArrowSchema>);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ImportStream(nb::handle value) {
  const nb::object capsule = CallExport(value, "__arrow_c_stream__");
  return arrow::ImportRecordBatchReader(Contents<ArrowArrayStream>(capsule, kStreamName));
}

Result<std::shared_ptr<arrow::Schema>> ImportSchema(nb::handle value) {
  const nb::object capsule = CallExport(value, "__arrow_c_schema__");
  return arrow::ImportSchema(Contents<ArrowSchema>(capsule, kSchemaName));
}

}  // namespace headrace::python
