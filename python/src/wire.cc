#include "wire.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "arrow_capsules.h"
#include "batch.h"
#include "dict_rows.h"
#include "headrace/live_window.h"
#include "headrace/memory_budget.h"
#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

Result<std::shared_ptr<arrow::Buffer>> Encode(arrow::RecordBatchReader& reader) {
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeStreamWriter(sink, reader.schema()));
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (batch == nullptr) {
      break;
    }
    ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  }
  ARROW_RETURN_NOT_OK(writer->Close());
  return sink->Finish();
}

nb::bytes AsBytes(const arrow::Buffer& buffer) {
  return nb::bytes(buffer.data(), static_cast<size_t>(buffer.size()));
}

/// A window of the rows' own length gives them their types, so that they mean the same to a server
/// as to a buffer in this process, and are refused for the same reasons.
Result<std::shared_ptr<arrow::Buffer>> EncodeTyped(const RowBatch& rows) {
  LiveWindowOptions options;
  options.name = "rows";
  options.window_size = std::max<int64_t>(1, rows.num_rows());
  options.history_rows = 0;
  ARROW_ASSIGN_OR_RAISE(auto window, LiveWindow::Make(std::move(options), MemoryBudget::Process()));
  ARROW_RETURN_NOT_OK(window->Append(rows).status());
  ARROW_ASSIGN_OR_RAISE(auto batch, window->Read());
  auto schema = batch->schema();
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::RecordBatchReader::Make({batch}, schema));
  return Encode(*reader);
}

nb::bytes EncodeRows(nb::handle list) {
  DictRows rows;
  rows.AddRows(list);
  const RowBatch& sealed = rows.Seal();
  return AsBytes(*Unwrap(WithoutGil([&] { return EncodeTyped(sealed); })));
}

nb::bytes EncodeStream(nb::handle stream) {
  auto reader = Unwrap(ImportStream(stream));
  return AsBytes(*Unwrap(WithoutGil([&] { return Encode(*reader); })));
}

Batch DecodeStream(const nb::bytes& body) {
  auto batch = WithoutGil([&]() -> Result<std::shared_ptr<arrow::RecordBatch>> {
    // A copy, because the rows outlive the call and their memory must not need the GIL to go.
    ARROW_ASSIGN_OR_RAISE(auto unique, arrow::AllocateBuffer(static_cast<int64_t>(body.size())));
    std::shared_ptr<arrow::Buffer> copy = std::move(unique);
    std::copy_n(static_cast<const uint8_t*>(body.data()), body.size(), copy->mutable_data());
    ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(
                                           std::make_shared<arrow::io::BufferReader>(copy)));
    ARROW_ASSIGN_OR_RAISE(auto table, reader->ToTable());
    return table->CombineChunksToBatch();
  });
  return {Unwrap(std::move(batch))};
}

}  // namespace

void BindWire(nb::module_& module) {
  module.def("encode_rows", &EncodeRows, nb::arg("rows"));
  module.def("encode_stream", &EncodeStream, nb::arg("stream"));
  module.def("decode_stream", &DecodeStream, nb::arg("body"));
}

}  // namespace headrace::python
