#include "stream_decoder.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <nanobind/stl/optional.h>

#include "batch.h"
#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

/// What the stream has given so far and nobody has taken yet.
class DecodedRows final : public arrow::ipc::Listener {
 public:
  Status OnSchemaDecoded(std::shared_ptr<arrow::Schema> schema) override {
    schema_ = std::move(schema);
    return Status::OK();
  }
  Status OnRecordBatchDecoded(std::shared_ptr<arrow::RecordBatch> batch) override {
    if (batch->num_rows() > 0) pieces_.push_back(std::move(batch));
    return Status::OK();
  }
  Status OnEOS() override {
    ended_ = true;
    return Status::OK();
  }

  bool ended() const { return ended_; }
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  arrow::RecordBatchVector Take() { return std::exchange(pieces_, {}); }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  arrow::RecordBatchVector pieces_;
  bool ended_ = false;
};

/// An Arrow stream that comes in pieces of any size. One thread at a time.
class StreamDecoder {
 public:
  StreamDecoder() : rows_(std::make_shared<DecodedRows>()), decoder_(rows_) {}

  void Feed(const nb::bytes& bytes) {
    Check(WithoutGil([&]() -> Status {
      // A copy, because rows outlive the call and their memory must not need the GIL to go.
      ARROW_ASSIGN_OR_RAISE(auto unique, arrow::AllocateBuffer(static_cast<int64_t>(bytes.size())));
      std::shared_ptr<arrow::Buffer> copy = std::move(unique);
      std::copy_n(static_cast<const uint8_t*>(bytes.data()), bytes.size(), copy->mutable_data());
      return decoder_.Consume(std::move(copy));
    }));
  }

  bool ended() const { return rows_->ended(); }

  /// The rows since the last call; nothing before the schema is there.
  std::optional<Batch> Take() {
    if (rows_->schema() == nullptr) return std::nullopt;
    return Batch(rows_->schema(), rows_->Take());
  }

 private:
  std::shared_ptr<DecodedRows> rows_;
  arrow::ipc::StreamDecoder decoder_;
};

}  // namespace

void BindStreamDecoder(nb::module_& module) {
  nb::class_<StreamDecoder>(module, "StreamDecoder")
      .def(nb::init<>())
      .def("feed", &StreamDecoder::Feed, nb::arg("bytes"))
      .def("take", &StreamDecoder::Take)
      .def_prop_ro("ended", &StreamDecoder::ended);
}

}  // namespace headrace::python
