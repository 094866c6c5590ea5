#include "shared_rows.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <nanobind/stl/optional.h>

#include "base/shared_memory.h"
#include "batch.h"
#include "codec/shared_rows.h"
#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

/// To be taken as those of a StreamDecoder.
class SharedRows {
 public:
  SharedRows(int descriptor, const nb::bytes& messages) {
    auto memory = Unwrap(base::MapSharedMemory(descriptor));
    // Rows outlive the call, and their schema must not need the GIL to go.
    auto copy = arrow::Buffer::FromString(std::string(messages.c_str(), messages.size()));
    rows_ = Unwrap(codec::DecodeSharedRows(std::move(copy), std::move(memory)));
  }

  std::optional<Batch> Take() { return Batch(rows_.schema, std::exchange(rows_.batches, {})); }

 private:
  codec::SharedRows rows_;
};

}  // namespace

void BindSharedRows(nb::module_& module) {
  nb::class_<SharedRows>(module, "SharedRows")
      .def(nb::init<int, nb::bytes>(), nb::arg("descriptor"), nb::arg("messages"))
      .def("take", &SharedRows::Take)
      .def_prop_ro("ended", [](const SharedRows&) { return true; });
}

}  // namespace headrace::python
