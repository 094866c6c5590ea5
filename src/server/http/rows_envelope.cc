#include "server/http/rows_envelope.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "codec/json_rows.h"

namespace headrace::server {
namespace {

constexpr int64_t kTargetChunkBytes = 1 << 20;
// A guess at a value's text, its name included; corrected by what the chunks before came to.
constexpr int64_t kFirstBytesPerValue = 48;

/// All up to the list of rows.
void WriteOpening(std::string_view buffer_id, const arrow::RecordBatch& batch, std::string* out) {
  *out += R"({"object":"polars_data","buffer_id":)";
  codec::WriteJsonString(buffer_id, out);
  fmt::format_to(std::back_inserter(*out), R"(,"rows":{},"columns":[)", batch.num_rows());
  for (int i = 0; i < batch.num_columns(); ++i) {
    if (i > 0) *out += ',';
    codec::WriteJsonString(batch.schema()->field(i)->name(), out);
  }
  *out += R"(],"data":)";
}

class RowsEnvelopeEncoder final : public codec::Encoder {
 public:
  RowsEnvelopeEncoder(std::string buffer_id, std::shared_ptr<arrow::RecordBatch> batch,
                      MemoryBudget* budget)
      : buffer_id_(std::move(buffer_id)),
        batch_(std::move(batch)),
        held_(budget->Reserve("http")) {}

  Result<codec::Chunk> Next() override {
    if (done_) return codec::Chunk{};
    ARROW_RETURN_NOT_OK(held_.Resize(2 * kTargetChunkBytes));
    std::string text;
    const bool first = next_row_ == 0;
    if (first) {
      WriteOpening(buffer_id_, *batch_, &text);
      text += '[';
    }
    const int64_t rows = std::min(RowsOfChunk(), batch_->num_rows() - next_row_);
    if (rows > 0) ARROW_RETURN_NOT_OK(WriteSlice(rows, &text));
    done_ = next_row_ == batch_->num_rows();
    if (done_) text += "]}";
    return codec::Chunk{arrow::Buffer::FromString(std::move(text))};
  }

 private:
  int64_t RowsOfChunk() const {
    const int64_t row_bytes = bytes_per_value_ * std::max(1, batch_->num_columns());
    return std::max<int64_t>(1, kTargetChunkBytes / std::max<int64_t>(1, row_bytes));
  }

  /// Rows without the brackets of their list, behind those that were written before.
  Status WriteSlice(int64_t rows, std::string* text) {
    std::string list;
    ARROW_RETURN_NOT_OK(codec::WriteJsonRows(*batch_->Slice(next_row_, rows), &list));
    if (next_row_ > 0) *text += ',';
    text->append(list, 1, list.size() - 2);
    const int64_t values = rows * std::max(1, batch_->num_columns());
    bytes_per_value_ = static_cast<int64_t>(list.size()) / values + 1;
    next_row_ += rows;
    return Status::OK();
  }

  const std::string buffer_id_;
  const std::shared_ptr<arrow::RecordBatch> batch_;
  Reservation held_;
  int64_t next_row_ = 0;
  int64_t bytes_per_value_ = kFirstBytesPerValue;
  bool done_ = false;
};

}  // namespace

Status WriteRowsEnvelope(std::string_view buffer_id, const arrow::RecordBatch& batch,
                         std::string* out) {
  WriteOpening(buffer_id, batch, out);
  ARROW_RETURN_NOT_OK(codec::WriteJsonRows(batch, out));
  *out += '}';
  return Status::OK();
}

std::unique_ptr<codec::Encoder> MakeRowsEnvelopeEncoder(std::string buffer_id,
                                                        std::shared_ptr<arrow::RecordBatch> batch,
                                                        MemoryBudget* budget) {
  return std::make_unique<RowsEnvelopeEncoder>(std::move(buffer_id), std::move(batch), budget);
}

}  // namespace headrace::server
