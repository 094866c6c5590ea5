#include <memory>
#include <string>
#include <utility>

#include <arrow/buffer_builder.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "codec/format_writer.h"
#include "codec/row_writer.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

constexpr int64_t kTextBytes = 256 << 10;
constexpr int64_t kPartRows = 4096;

Status NoText(const arrow::Field& field, Format format) {
  return MakeError(ErrorCode::kTypeMismatch,
                   fmt::format("column '{}' of type {} cannot be written as {}; leave it out, cast "
                               "it, or write Parquet or Arrow",
                               field.name(), field.type()->ToString(), Describe(format).name),
                   {field.name()});
}

/// Rows of text, with what stands before and behind them.
class TextWriter final : public FormatWriter {
 public:
  TextWriter(arrow::io::OutputStream* stream, std::unique_ptr<RowWriter> rows, std::string end,
             arrow::MemoryPool* pool)
      : stream_(stream), rows_(std::move(rows)), end_(std::move(end)), text_(pool) {}

  Status WriteRows(const arrow::RecordBatchVector& batches) override {
    for (const auto& batch : batches) {
      for (int64_t row = 0; row < batch->num_rows(); row += kPartRows) {
        ARROW_RETURN_NOT_OK(WritePart(*batch->Slice(row, kPartRows)));
      }
    }
    return Status::OK();
  }
  Status Finish() override { return WriteText(end_); }

  Status WriteText(const std::string& text) {
    return stream_->Write(text.data(), static_cast<int64_t>(text.size()));
  }

 private:
  Status WritePart(const arrow::RecordBatch& part) {
    for (int64_t row = 0; row < part.num_rows();) {
      ARROW_ASSIGN_OR_RAISE(row, rows_->WriteSome(part, row, kTextBytes, &text_));
      ARROW_RETURN_NOT_OK(stream_->Write(text_.data(), text_.length()));
      text_.Rewind(0);
    }
    return Status::OK();
  }

  arrow::io::OutputStream* stream_;
  const std::unique_ptr<RowWriter> rows_;
  const std::string end_;
  arrow::BufferBuilder text_;
};

std::unique_ptr<RowWriter> MakeRowWriter(const SinkContext& context) {
  switch (context.encoding.format) {
    case Format::kCsv: return MakeCsvRowWriter(context.options.csv.delimiter, context.share);
    case Format::kJsonRows: return MakeJsonRowWriter(JsonLayout::kList, context.share);
    default: return MakeJsonRowWriter(JsonLayout::kLines, context.share);
  }
}

/// A writer that is thrown away says whether it takes each column.
Status CheckColumns(const arrow::Schema& schema, const SinkContext& context) {
  arrow::BufferBuilder text(context.share);
  for (const auto& field : schema.fields()) {
    ARROW_ASSIGN_OR_RAISE(const auto none, arrow::RecordBatch::MakeEmpty(arrow::schema({field})));
    if (!MakeRowWriter(context)->Write(*none, &text).ok()) {
      return NoText(*field, context.encoding.format);
    }
  }
  return Status::OK();
}

std::string TextBefore(const arrow::Schema& schema, const SinkContext& context) {
  const bool has_header = context.encoding.format == Format::kCsv && context.options.csv.header;
  if (has_header) return CsvHeader(schema, context.options.csv.delimiter);
  return context.encoding.format == Format::kJsonRows ? "[" : "";
}

}  // namespace

Result<std::unique_ptr<FormatWriter>> MakeTextWriter(const std::shared_ptr<arrow::Schema>& schema,
                                                     arrow::io::OutputStream* stream,
                                                     const SinkContext& context) {
  ARROW_RETURN_NOT_OK(CheckColumns(*schema, context));
  auto writer = std::make_unique<TextWriter>(
      stream, MakeRowWriter(context), context.encoding.format == Format::kJsonRows ? "]\n" : "",
      context.share);
  ARROW_RETURN_NOT_OK(writer->WriteText(TextBefore(*schema, context)));
  return writer;
}

}  // namespace headrace::codec
