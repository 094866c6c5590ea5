#include "headrace/scan.h"

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/compute/expression.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "arrow_capsules.h"
#include "batch.h"
#include "codec/file_sink.h"
#include "collect.h"
#include "delivery/table_request.h"
#include "expr/filter.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "interruptible_reader.h"
#include "scan.h"
#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;
using delivery::TableRequest;

struct Files {
  std::shared_ptr<Scan> scan;
  int64_t limit_bytes;
};

/// What one pass over the rows gives, until it is closed.
struct Batches {
  std::shared_ptr<InterruptibleReader> reader;
  Files files;
  TableRequest request;
};

/// After a failure that Ctrl-C brought about its exception counts.
[[noreturn]] void RaiseOrInterrupt(const Status& status) {
  if (CodeOf(status) == ErrorCode::kCancelled && Py_MakePendingCalls() != 0)
    nb::raise_python_error();
  Raise(status);
}

template <typename T>
T UnwrapRead(Result<T> result) {
  if (!result.ok()) RaiseOrInterrupt(result.status());
  return std::move(result).ValueUnsafe();
}

void OpenFiles(Files* self, std::vector<std::string> paths, int64_t memory_limit_bytes,
               int max_concurrent, std::string source_file_column,
               std::optional<int64_t> chunk_rows, bool skipping) {
  ScanOptions options;
  options.paths = std::move(paths);
  options.memory_limit_bytes = memory_limit_bytes;
  options.max_concurrent = max_concurrent;
  options.source_file_column = std::move(source_file_column);
  if (chunk_rows) {
    if (*chunk_rows < 1) {
      Raise(MakeError(ErrorCode::kInvalidArgument, "chunk_rows is at least 1", {"chunk_rows"}));
    }
    options.chunk_strategy = std::make_shared<FixedChunkStrategy>(*chunk_rows);
  }
  if (!skipping) options.skipping = Skipping::None();
  MemoryBudget* const budget = MemoryBudget::Process();
  auto scan = Unwrap(WithoutGil([&] { return Scan::Open(std::move(options), budget); }));
  new (self)
      Files{std::move(scan), memory_limit_bytes > 0 ? memory_limit_bytes : budget->limit_bytes()};
}

using SampleTuple = std::tuple<std::optional<int64_t>, std::optional<double>,
                               std::optional<uint64_t>, std::optional<std::string>>;
using ChartTuple =
    std::tuple<std::string, std::string, std::vector<std::string>, std::optional<int64_t>,
               std::optional<std::string>, std::optional<std::string>, std::optional<std::string>>;

void MakeRequest(TableRequest* self, std::string filter, std::vector<std::string> group_by,
                 std::string aggregates, std::string order_by, int64_t offset,
                 std::optional<int64_t> limit, std::optional<SampleTuple> sample,
                 std::optional<ChartTuple> downsample,
                 std::optional<std::vector<std::string>> columns, bool ordered) {
  new (self) TableRequest{.filter = std::move(filter),
                          .group_by = std::move(group_by),
                          .aggregates = std::move(aggregates),
                          .order_by = std::move(order_by),
                          .offset = offset,
                          .limit = limit,
                          .columns = std::move(columns),
                          .ordered = ordered};
  if (sample) {
    auto& [rows, fraction, seed, stratify] = *sample;
    self->sample = {rows, fraction, seed, std::move(stratify)};
  }
  if (downsample) {
    auto& [method, x, y, points, from, to, by] = *downsample;
    self->downsample = {std::move(method), std::move(x),  std::move(y), points,
                        std::move(from),   std::move(to), std::move(by)};
  }
}

Result<ScanExplanation> ExplainRequest(const Scan& scan, const TableRequest& request) {
  ARROW_ASSIGN_OR_RAISE(const auto pushed, delivery::PushDown(request, *scan.schema()));
  return scan.Explain(pushed);
}

Result<Batches> OpenRequest(const Files& self, TableRequest request) {
  ARROW_ASSIGN_OR_RAISE(auto reader, delivery::OpenTable(*self.scan, request, self.scan->pool()));
  return Batches{.reader = std::make_shared<InterruptibleReader>(std::move(reader), self.scan),
                 .files = self,
                 .request = std::move(request)};
}

Result<CollectBounds> BoundsOf(const Files& files, const TableRequest& request) {
  ARROW_ASSIGN_OR_RAISE(const auto explained, ExplainRequest(*files.scan, request));
  int64_t rows = std::max<int64_t>(0, explained.read_rows - request.offset);
  if (request.limit) rows = std::min(rows, *request.limit);
  return CollectBounds{
      .limit_bytes = files.limit_bytes,
      .working_bytes = explained.memory_bytes,
      .most_rows = rows,
      .exact = request.filter.empty() && !delivery::Groups(request) && !delivery::Chooses(request)};
}

Batches OpenBatches(const Files& self, const TableRequest& request) {
  return Unwrap(WithoutGil([&] { return OpenRequest(self, request); }));
}

nb::dict DictOf(const ScanExplanation& explained) {
  nb::list skips;
  for (const auto& skip : explained.skips) {
    skips.append(nb::make_tuple(skip.rule, skip.row_groups, skip.pages, skip.rows));
  }
  nb::dict out;
  out["text"] = explained.ToString();
  out["num_files"] = explained.num_files;
  out["num_row_groups"] = explained.num_row_groups;
  out["num_rows"] = explained.num_rows;
  out["read_row_groups"] = explained.read_row_groups;
  out["read_rows"] = explained.read_rows;
  out["skips"] = nb::tuple(skips);
  out["columns"] = nb::tuple(nb::cast(explained.columns));
  out["filter_columns"] = nb::tuple(nb::cast(explained.filter_columns));
  out["num_threads"] = explained.num_threads;
  out["batch_bytes"] = explained.batch_bytes;
  out["memory_bytes"] = explained.memory_bytes;
  out["pages_read_again"] = explained.pages_read_again;
  return out;
}

nb::dict Explain(const Files& self, const TableRequest& request) {
  return DictOf(Unwrap(WithoutGil([&] { return ExplainRequest(*self.scan, request); })));
}

/// An expression of Arrow, as Arrow serialises it, in the language of filters.
std::string TextOfExpression(const Files& self, const nb::bytes& serialized) {
  auto buffer = arrow::Buffer::FromString(std::string(serialized.c_str(), serialized.size()));
  return Unwrap([&]() -> Result<std::string> {
    ARROW_ASSIGN_OR_RAISE(const auto expression, arrow::compute::Deserialize(std::move(buffer)));
    ARROW_ASSIGN_OR_RAISE(const auto bound, expr::BindFilter(expression, *self.scan->schema()));
    return expr::ToText(bound);
  }());
}

/// Without reading: errors of the request, and what comes out.
Schema CheckRequest(const Files& self, const TableRequest& request) {
  auto reader = Unwrap(WithoutGil([&]() -> Result<std::shared_ptr<arrow::RecordBatchReader>> {
    ARROW_RETURN_NOT_OK(delivery::PushDown(request, *self.scan->schema()));
    TableRequest nothing = request;
    nothing.limit = 0;
    return delivery::OpenTable(*self.scan, nothing, self.scan->pool());
  }));
  return {reader->schema()};
}

nb::object NextBatch(const Batches& self) {
  auto next = WithoutGil([&]() -> Result<std::shared_ptr<arrow::RecordBatch>> {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(self.reader->ReadNext(&batch));
    return batch;
  });
  auto batch = UnwrapRead(std::move(next));
  return batch == nullptr ? nb::none() : nb::cast(Batch(std::move(batch)));
}

Batch CollectBatches(const Batches& self) {
  auto batches = WithoutGil([&]() -> Result<arrow::RecordBatchVector> {
    ARROW_ASSIGN_OR_RAISE(const CollectBounds bounds, BoundsOf(self.files, self.request));
    return Collect(*self.reader, bounds);
  });
  return Batch(self.reader->schema(), UnwrapRead(std::move(batches)));
}

int64_t CountRows(const Batches& self) {
  return UnwrapRead(WithoutGil([&]() -> Result<int64_t> {
    int64_t rows = 0;
    std::shared_ptr<arrow::RecordBatch> batch;
    for (;;) {
      ARROW_RETURN_NOT_OK(self.reader->ReadNext(&batch));
      if (batch == nullptr) return rows;
      rows += batch->num_rows();
    }
  }));
}

/// What the scan will leave of its limit; at least what the process may take beside the limit.
Result<int64_t> SinkBytes(const Batches& self) {
  ARROW_ASSIGN_OR_RAISE(const ScanExplanation plan, ExplainRequest(*self.files.scan, self.request));
  const int64_t limit = self.files.limit_bytes;
  return std::max(limit - plan.memory_bytes,
                  std::clamp<int64_t>(limit / 2, int64_t{4} << 20, int64_t{40} << 20));
}

/// Writes all rows to a file or, partitioned, a folder: rows, bytes and files.
nb::tuple WriteBatches(const Batches& self, std::string path,
                       const std::optional<std::string>& format,
                       const std::optional<std::string>& compression,
                       std::optional<int> compression_level, std::optional<int64_t> row_group_rows,
                       std::vector<std::string> partition_by, std::optional<bool> overwrite) {
  auto report = WithoutGil([&]() -> Result<codec::FileSinkReport> {
    codec::FileSinkOptions sink;
    sink.path = std::move(path);
    if (format) {
      ARROW_ASSIGN_OR_RAISE(const auto encoding,
                            codec::EncodingOfFile("rows." + *format, std::nullopt, std::nullopt));
      sink.format = encoding.format;
    }
    if (compression) {
      ARROW_ASSIGN_OR_RAISE(sink.compression, codec::ParseFileCompression(*compression));
    }
    sink.compression_level = compression_level;
    if (row_group_rows) sink.parquet.row_group_rows = *row_group_rows;
    sink.partition_by = std::move(partition_by);
    sink.overwrite = overwrite;
    sink.pool = MemoryBudget::Process();
    ARROW_ASSIGN_OR_RAISE(sink.memory_limit_bytes, SinkBytes(self));
    return codec::WriteFile(*self.reader, sink);
  });
  const codec::FileSinkReport written = UnwrapRead(std::move(report));
  return nb::make_tuple(written.rows, written.bytes, written.files);
}

void CloseBatches(const Batches& self) {
  Check(WithoutGil([&] { return self.reader->Close(); }));
}

std::optional<int64_t> NumRows(const Files& self) { return self.scan->statistics().num_rows; }
std::optional<int64_t> NumBytes(const Files& self) { return self.scan->statistics().num_bytes; }

}  // namespace

void BindScan(nb::module_& module) {
  nb::class_<TableRequest>(module, "TableRequest")
      .def("__init__", &MakeRequest, nb::arg("filter"), nb::arg("group_by"), nb::arg("aggregates"),
           nb::arg("order_by"), nb::arg("offset"), nb::arg("limit").none(),
           nb::arg("sample").none(), nb::arg("downsample").none(), nb::arg("columns").none(),
           nb::arg("ordered"));
  nb::class_<Files>(module, "ScanFiles")
      .def("__init__", &OpenFiles, nb::arg("paths"), nb::arg("memory_limit_bytes"),
           nb::arg("max_concurrent"), nb::arg("source_file_column"), nb::arg("chunk_rows").none(),
           nb::arg("skipping"))
      .def_prop_ro("files", [](const Files& self) { return self.scan->files(); })
      .def_prop_ro("num_rows", &NumRows)
      .def_prop_ro("num_bytes", &NumBytes)
      .def_prop_ro("memory_limit_bytes", [](const Files& self) { return self.limit_bytes; })
      .def("text_of_expression", &TextOfExpression, nb::arg("serialized"))
      .def("check", &CheckRequest, nb::arg("request"))
      .def("open", &OpenBatches, nb::arg("request"))
      .def("explain", &Explain, nb::arg("request"));
  nb::class_<Batches>(module, "ScanBatches", nb::is_weak_referenceable())
      .def("next", &NextBatch)
      .def("collect", &CollectBatches)
      .def("count", &CountRows)
      .def("write", &WriteBatches, nb::arg("path"), nb::arg("format").none(),
           nb::arg("compression").none(), nb::arg("compression_level").none(),
           nb::arg("row_group_rows").none(), nb::arg("partition_by"), nb::arg("overwrite").none())
      .def("close", &CloseBatches)
      .def("schema", [](const Batches& self) { return Schema{self.reader->schema()}; })
      .def(
          "__arrow_c_stream__",
          [](const Batches& self, nb::handle) { return ExportStream(self.reader); },
          nb::arg("requested_schema") = nb::none());
  module.def("parse_byte_size",
             [](const std::string& text) { return Unwrap(ParseByteSize(text)); });
}

}  // namespace headrace::python
