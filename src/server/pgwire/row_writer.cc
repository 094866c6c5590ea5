#include "server/pgwire/row_writer.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/pgwire/backend_message.h"

namespace headrace::server::pgwire {

void WriteRowDescription(std::span<const sql::Column> columns, std::span<const int16_t> formats,
                         std::string* out) {
  MessageWriter writer(out);
  writer.Begin('T').Int16(static_cast<int>(columns.size()));
  for (size_t i = 0; i < columns.size(); ++i) {
    const WireType type = WireTypeOf(columns[i].type);
    const int format = formats.empty() ? 0 : formats[formats.size() == 1 ? 0 : i];
    // It is of no table and no column that the client could look up.
    writer.Text(columns[i].name).Int32(0).Int16(0).Int32(type.oid()).Int16(type.size());
    writer.Int32(type.modifier).Int16(format);
  }
  writer.End();
}

Result<std::vector<int16_t>> FormatsOf(std::span<const int16_t> formats, size_t count) {
  if (formats.empty()) return std::vector<int16_t>(count, 0);
  if (formats.size() == 1) return std::vector<int16_t>(count, formats[0]);
  if (formats.size() == count) return std::vector<int16_t>(formats.begin(), formats.end());
  return MakeError(ErrorCode::kMalformedBody,
                   fmt::format("bind message has {} result formats but query has {} columns",
                               formats.size(), count));
}

RowWriter::RowWriter(std::shared_ptr<arrow::RecordBatchReader> reader,
                     std::vector<sql::Column> columns, std::vector<int16_t> formats)
    : reader_(std::move(reader)), columns_(std::move(columns)), formats_(std::move(formats)) {}
RowWriter::~RowWriter() = default;

Status RowWriter::NextBatch() {
  batch_.reset();
  if (!settled_.empty()) {
    batch_ = std::move(settled_.front());
    settled_.pop_front();
  } else if (reader_ != nullptr) {
    ARROW_RETURN_NOT_OK(reader_->ReadNext(&batch_));
  }
  row_ = 0;
  if (batch_ == nullptr) {
    at_end_ = true;
    return Status::OK();
  }
  arrays_ = batch_->columns();
  cells_.clear();
  for (size_t i = 0; i < arrays_.size(); ++i) {
    const auto& type = columns_[i].type;
    ARROW_ASSIGN_OR_RAISE(auto cell, formats_[i] == 1 ? BinaryCells(type, *arrays_[i])
                                                      : TextCells(type, *arrays_[i]));
    cells_.push_back(std::move(cell));
  }
  return Status::OK();
}

Result<bool> RowWriter::Advance() {
  ++row_;
  while (!at_end_ && (batch_ == nullptr || row_ >= batch_->num_rows())) {
    ARROW_RETURN_NOT_OK(NextBatch());
  }
  return !at_end_;
}

bool RowWriter::IsNull(size_t column) const { return arrays_[column]->IsNull(row_); }

void RowWriter::WriteCellOf(size_t column, std::string* out) { cells_[column](row_, out); }

Result<bool> RowWriter::WriteValues(std::string* out) {
  ARROW_ASSIGN_OR_RAISE(const bool more, Advance());
  if (!more) return false;
  MessageWriter writer(out);
  writer.Int16(static_cast<int>(cells_.size()));
  for (size_t i = 0; i < cells_.size(); ++i) {
    if (IsNull(i)) {
      writer.Int32(-1);
      continue;
    }
    const size_t begin = writer.BeginValue();
    cells_[i](row_, out);
    writer.EndValue(begin);
  }
  return true;
}

Result<bool> RowWriter::WriteRow(std::string* out) {
  const size_t before = out->size();
  MessageWriter writer(out);
  writer.Begin('D');
  ARROW_ASSIGN_OR_RAISE(const bool more, WriteValues(out));
  if (more) {
    writer.End();
  } else {
    out->resize(before);
  }
  return more;
}

Status RowWriter::Settle(int64_t most_bytes) {
  int64_t bytes = 0;
  while (reader_ != nullptr) {
    std::shared_ptr<arrow::RecordBatch> batch;
    const Status read = reader_->ReadNext(&batch);
    if (!read.ok() || batch == nullptr) {
      reader_.reset();
      return read;
    }
    bytes += arrow::util::TotalBufferSize(*batch);
    if (bytes > most_bytes) {
      reader_.reset();
      return MakeError(ErrorCode::kMemoryLimit,
                       "a portal with too many rows left is open while something else runs");
    }
    settled_.push_back(std::move(batch));
  }
  return Status::OK();
}

}  // namespace headrace::server::pgwire
