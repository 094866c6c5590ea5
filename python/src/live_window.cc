#include "headrace/live_window.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrow_capsules.h"
#include "batch.h"
#include "dict_rows.h"
#include "feature_plan.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "live_window.h"
#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

/// What Python sees of a live window; shared with nothing but the batches that it gave out.
struct Window {
  std::shared_ptr<LiveWindow> window;
};

void MakeWindow(Window* self, std::string name, int64_t window_size, int64_t history_rows,
                nb::handle schema) {
  LiveWindowOptions options;
  options.name = std::move(name);
  options.window_size = window_size;
  options.history_rows = history_rows;
  if (!schema.is_none()) {
    options.schema = Unwrap(ImportSchema(schema));
  }
  new (self) Window{Unwrap(LiveWindow::Make(std::move(options), MemoryBudget::Process()))};
}

/// Keeps the GIL: for one row, giving it away costs more than it gives. That may wait for an append
/// of another thread, and cannot deadlock, since no append needs the GIL (see AppendStream).
AppendResult AppendRow(const Window& self, nb::handle dict) {
  DictRowsLease rows;
  rows->AddRow(dict);
  return Unwrap(self.window->Append(rows->Seal()));
}

AppendResult AppendRows(const Window& self, nb::handle list) {
  DictRows rows;
  rows.AddRows(list);
  const RowBatch& sealed = rows.Seal();
  return Unwrap(WithoutGil([&] { return self.window->Append(sealed); }));
}

/// All of the stream is read before the window is asked: a stream may be made by Python code, which
/// must not run under the window's lock, where it would wait for whoever waits for that lock.
AppendResult AppendStream(const Window& self, nb::handle stream) {
  auto reader = Unwrap(ImportStream(stream));
  auto appended = WithoutGil([&]() -> Result<AppendResult> {
    ARROW_ASSIGN_OR_RAISE(const auto table, reader->ToTable());
    arrow::TableBatchReader batches(*table);
    ARROW_ASSIGN_OR_RAISE(const int64_t rows, self.window->Append(batches));
    const LiveWindowStats stats = self.window->stats();
    return AppendResult{rows, stats.size, stats.avg_append_ms};
  });
  return Unwrap(std::move(appended));
}

Batch Features(const Window& self, const Plan& plan, std::optional<int64_t> tail) {
  return {Unwrap(WithoutGil([&] { return self.window->Features(plan.plan, tail); }))};
}

Batch Data(const Window& self, std::optional<int64_t> tail) {
  return {Unwrap(WithoutGil([&] { return self.window->Read(tail); }))};
}

nb::object LatestVector(const Window& self, const Plan& plan) {
  int64_t width = plan.width.load(std::memory_order_relaxed);
  // Again if the window has got columns since the plan was used last; it may get more meanwhile.
  while (true) {
    DoubleArray vector = NewDoubleArray(width);
    const int64_t needed =
        Unwrap(self.window->LatestVector(plan.plan, {vector.values, static_cast<size_t>(width)}));
    if (needed == width) {
      return std::move(vector.array);
    }
    if (needed == 0) {
      return NewDoubleArray(0).array;
    }
    width = needed;
    plan.width.store(width, std::memory_order_relaxed);
  }
}

nb::dict Stats(const Window& self) {
  const LiveWindowStats stats = WithoutGil([&] { return self.window->stats(); });
  nb::dict out;
  out["name"] = stats.name;
  out["size"] = stats.size;
  out["window_size"] = stats.window_size;
  out["columns"] = nb::tuple(nb::cast(stats.columns));
  out["numeric_columns"] = nb::tuple(nb::cast(stats.numeric_columns));
  out["memory_bytes"] = stats.memory_bytes;
  out["append_count"] = stats.append_count;
  out["avg_append_ms"] = stats.avg_append_ms;
  return out;
}

void Clear(const Window& self) {
  Check(WithoutGil([&] { return self.window->Clear(); }));
}

std::string ReprOf(const AppendResult& self) {
  return fmt::format("AppendResult(appended={}, buffer_size={}, avg_append_ms={})", self.appended,
                     self.buffer_size, self.avg_append_ms);
}

constexpr char kAppendResultDoc[] = R"(What an append did.

Attributes:
    appended: rows of the request, whether they are still shown or not.
    buffer_size: rows shown afterwards.
    avg_append_ms: milliseconds within append per row since creation or the last clear().)";

}  // namespace

void BindLiveWindow(nb::module_& module) {
  nb::class_<AppendResult>(module, "AppendResult", kAppendResultDoc)
      .def(
          "__init__",
          [](AppendResult* self, int64_t appended, int64_t buffer_size, double avg_append_ms) {
            new (self) AppendResult{appended, buffer_size, avg_append_ms};
          },
          nb::arg("appended"), nb::arg("buffer_size"), nb::arg("avg_append_ms"))
      .def_ro("appended", &AppendResult::appended)
      .def_ro("buffer_size", &AppendResult::buffer_size)
      .def_ro("avg_append_ms", &AppendResult::avg_append_ms)
      .def("__repr__", &ReprOf);

  nb::class_<Window>(module, "LiveWindow")
      .def("__init__", &MakeWindow, nb::arg("name"), nb::arg("window_size"),
           nb::arg("history_rows"), nb::arg("schema").none())
      .def("append_row", &AppendRow, nb::arg("row"))
      .def("append_rows", &AppendRows, nb::arg("rows"))
      .def("append_stream", &AppendStream, nb::arg("stream"))
      .def("features", &Features, nb::arg("plan"), nb::arg("tail").none())
      .def("data", &Data, nb::arg("tail").none())
      .def("latest_vector", &LatestVector, nb::arg("plan"))
      .def("vector_names",
           [](const Window& self, const Plan& plan) {
             return Unwrap(self.window->VectorNames(plan.plan));
           })
      .def("stats", &Stats)
      .def("clear", &Clear)
      .def("schema", [](const Window& self) { return Schema{self.window->schema()}; });
}

}  // namespace headrace::python
