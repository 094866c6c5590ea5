#include "status_exception.h"

#include <string>

#include "headrace/error_code.h"

namespace headrace::python {

namespace nb = nanobind;

void Raise(const Status& status) {
  const ErrorKind& kind = Describe(CodeOf(status));
  nb::list location;
  for (const std::string& step : LocationOf(status)) {
    location.append(nb::str(step.data(), step.size()));
  }
  const nb::object type =
      nb::module_::import_("headrace.errors")
          .attr(nb::str(kind.python_exception.data(), kind.python_exception.size()));
  const std::string& message = status.message();
  // Bytes of a name or value in a message may be cut in the middle of a character.
  const nb::object text = nb::steal(
      PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()), "replace"));
  const nb::object error = type(text, nb::arg("code") = nb::str(kind.name.data(), kind.name.size()),
                                nb::arg("location") = nb::tuple(location));
  PyErr_SetObject(type.ptr(), error.ptr());
  nb::raise_python_error();
}

}  // namespace headrace::python
