#include <memory>
#include <utility>

#include <arrow/array/util.h>
#include <arrow/buffer_builder.h>
#include <arrow/compute/initialize.h>
#include <arrow/csv/options.h>
#include <arrow/csv/writer.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include "codec/format_writer.h"
#include "codec/json_row_writer.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

constexpr int64_t kTextBytes = 256 << 10;

Status NoText(const arrow::Field& field, Format format) {
  return MakeError(ErrorCode::kTypeMismatch,
                   fmt::format("column '{}' of type {} cannot be written as {}; leave it out, cast "
                               "it, or write Parquet or Arrow",
                               field.name(), field.type()->ToString(), Describe(format).name),
                   {field.name()});
}

bool IsCsvType(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return IsCsvType(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  return arrow::is_primitive(type.id()) || arrow::is_base_binary_like(type.id()) ||
         arrow::is_decimal(type.id()) || type.id() == arrow::Type::FIXED_SIZE_BINARY ||
         type.id() == arrow::Type::NA;
}

bool IsInterval(const arrow::DataType& type) { return arrow::is_interval(type.id()); }

class CsvWriter final : public FormatWriter {
 public:
  explicit CsvWriter(std::shared_ptr<arrow::ipc::RecordBatchWriter> writer)
      : writer_(std::move(writer)) {}

  Status WriteRows(const arrow::RecordBatchVector& batches) override {
    for (const auto& batch : batches) ARROW_RETURN_NOT_OK(writer_->WriteRecordBatch(*batch));
    return Status::OK();
  }
  Status Finish() override { return writer_->Close(); }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

class JsonWriter final : public FormatWriter {
 public:
  JsonWriter(arrow::io::OutputStream* stream, Format format, arrow::MemoryPool* pool)
      : stream_(stream),
        is_list_(format == Format::kJsonRows),
        rows_(is_list_ ? JsonRowWriter::Layout::kList : JsonRowWriter::Layout::kLines, pool),
        text_(pool) {}

  Status Begin(const std::shared_ptr<arrow::Schema>& schema, Format format) {
    // A writer that is thrown away says whether it takes each column.
    for (const auto& field : schema->fields()) {
      ARROW_ASSIGN_OR_RAISE(const auto none, arrow::RecordBatch::MakeEmpty(arrow::schema({field})));
      const Status status =
          JsonRowWriter(JsonRowWriter::Layout::kLines, nullptr).Write(*none, &text_);
      if (!status.ok()) return NoText(*field, format);
    }
    return is_list_ ? stream_->Write("[", 1) : Status::OK();
  }

  Status WriteRows(const arrow::RecordBatchVector& batches) override {
    for (const auto& batch : batches) {
      for (int64_t row = 0; row < batch->num_rows();) {
        ARROW_ASSIGN_OR_RAISE(row, rows_.WriteSome(*batch, row, kTextBytes, &text_));
        ARROW_RETURN_NOT_OK(stream_->Write(text_.data(), text_.length()));
        text_.Rewind(0);
      }
    }
    return Status::OK();
  }
  Status Finish() override { return is_list_ ? stream_->Write("]\n", 2) : Status::OK(); }

 private:
  arrow::io::OutputStream* stream_;
  const bool is_list_;
  JsonRowWriter rows_;
  arrow::BufferBuilder text_;
};

Result<std::unique_ptr<FormatWriter>> MakeCsvWriter(const std::shared_ptr<arrow::Schema>& schema,
                                                    arrow::io::OutputStream* stream,
                                                    const SinkContext& context) {
  for (const auto& field : schema->fields()) {
    if (!IsCsvType(*field->type()) || IsInterval(*field->type())) {
      return NoText(*field, Format::kCsv);
    }
  }
  // Arrow's writer casts to text with the compute functions, which have to be there.
  static const Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  auto options = arrow::csv::WriteOptions::Defaults();
  options.io_context = arrow::io::IOContext(context.share);
  options.include_header = context.options.csv.header;
  options.delimiter = context.options.csv.delimiter;
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::csv::MakeCSVWriter(stream, schema, options));
  return std::make_unique<CsvWriter>(std::move(writer));
}

}  // namespace

Result<std::unique_ptr<FormatWriter>> MakeTextWriter(const std::shared_ptr<arrow::Schema>& schema,
                                                     arrow::io::OutputStream* stream,
                                                     const SinkContext& context) {
  if (context.encoding.format == Format::kCsv) return MakeCsvWriter(schema, stream, context);
  auto writer = std::make_unique<JsonWriter>(stream, context.encoding.format, context.share);
  ARROW_RETURN_NOT_OK(writer->Begin(schema, context.encoding.format));
  return writer;
}

}  // namespace headrace::codec
