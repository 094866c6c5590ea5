#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/array_dict.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include "codec/format_writer.h"
#include "codec/row_bytes.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

/// parquet-cpp keeps the footer of each column chunk, and the page index, as objects until the end,
/// outside of any pool. About that much each, measured.
constexpr int64_t kChunkFooterBytes = 2048;
constexpr int64_t kPageFooterBytes = 160;
/// parquet-cpp looks whether a page is full after so many values.
constexpr int64_t kValuesPerLook = 1024;
constexpr int64_t kMaxPageRows = 20'000;

Status NoColumns() {
  return MakeError(ErrorCode::kTypeMismatch,
                   "rows without columns cannot be written as Parquet, which counts values");
}

/// Which column it is that Parquet does not take.
Status CheckColumns(const arrow::Schema& schema, const parquet::WriterProperties& properties) {
  std::shared_ptr<parquet::SchemaDescriptor> ignored;
  if (parquet::arrow::ToParquetSchema(&schema, properties, &ignored).ok()) return Status::OK();
  for (const auto& field : schema.fields()) {
    const Status status =
        parquet::arrow::ToParquetSchema(arrow::schema({field}).get(), properties, &ignored);
    if (!status.ok()) {
      return MakeError(ErrorCode::kTypeMismatch,
                       fmt::format("column '{}' of type {} cannot be written as Parquet: {}",
                                   field->name(), field->type()->ToString(), status.message()),
                       {field->name()});
    }
  }
  return Status::OK();
}

Status CheckBloomFilters(const std::vector<std::string>& columns,
                         const parquet::SchemaDescriptor& schema) {
  for (const std::string& name : columns) {
    const int index = schema.ColumnIndex(name);
    if (index < 0) {
      return MakeError(
          ErrorCode::kInvalidArgument,
          fmt::format("a bloom filter is asked for column '{}', which is not there", name),
          {"bloom_filter_columns", name});
    }
    if (schema.Column(index)->physical_type() == parquet::Type::BOOLEAN) {
      return MakeError(ErrorCode::kTypeMismatch,
                       fmt::format("column '{}' is boolean, which has no bloom filter", name),
                       {"bloom_filter_columns", name});
    }
  }
  return Status::OK();
}

/// A page is held several times while it is encoded and compressed, in buffers that double.
int64_t PageBytes(const SinkContext& context) {
  return std::min(context.options.parquet.data_page_bytes, context.share->limit_bytes() / 32);
}

/// Beside a dictionary of small values stands a hash table of up to forty times its bytes, while
/// the table grows.
int64_t DictionaryBytes(const SinkContext& context) {
  return std::min(PageBytes(context), context.share->limit_bytes() / 128);
}

std::shared_ptr<parquet::WriterProperties> Properties(const SinkContext& context) {
  const ParquetSinkOptions& options = context.options.parquet;
  parquet::WriterProperties::Builder builder;
  builder.memory_pool(context.share)
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->compression(ArrowCompression(context.encoding))
      ->max_row_group_length(std::max<int64_t>(options.row_group_rows, 1))
      ->max_rows_per_page(kMaxPageRows)
      ->write_batch_size(kValuesPerLook)
      ->data_pagesize(PageBytes(context))
      ->dictionary_pagesize_limit(DictionaryBytes(context));
  if (context.options.compression_level) {
    builder.compression_level(*context.options.compression_level);
  }
  options.dictionary ? builder.enable_dictionary() : builder.disable_dictionary();
  options.statistics ? builder.enable_statistics() : builder.disable_statistics();
  options.page_index ? builder.enable_write_page_index() : builder.disable_write_page_index();
  options.page_checksums ? builder.enable_page_checksum() : builder.disable_page_checksum();
  for (const std::string& column : options.bloom_filter_columns) {
    builder.enable_bloom_filter(column, {});
  }
  return builder.build();
}

/// parquet-cpp writes no dictionary with a null among its values.
bool HasNullValues(const arrow::Array& array) {
  return array.type_id() == arrow::Type::DICTIONARY &&
         static_cast<const arrow::DictionaryArray&>(array).dictionary()->null_count() > 0;
}

Result<std::shared_ptr<arrow::Array>> Decode(const arrow::Array& array, arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  return arrow::compute::Cast(array,
                              static_cast<const arrow::DictionaryType&>(*array.type()).value_type(),
                              arrow::compute::CastOptions::Safe(), &context);
}

/// Column after column, so that only one of them is encoded at a time: a thousand columns need no
/// more than one.
class ParquetWriter final : public FormatWriter {
 public:
  ParquetWriter(std::unique_ptr<parquet::arrow::FileWriter> writer, const SinkContext& context)
      : writer_(std::move(writer)),
        page_bytes_(PageBytes(context)),
        share_(context.share),
        footer_(context.share->Reserve("file footer")) {}

  Status WriteRows(const arrow::RecordBatchVector& batches) override {
    int64_t rows = 0;
    for (const auto& batch : batches) rows += batch->num_rows();
    if (rows == 0) return Status::OK();
    const arrow::Schema& schema = *batches.front()->schema();
    if (schema.num_fields() == 0) return NoColumns();
    ARROW_RETURN_NOT_OK(writer_->NewRowGroup());
    int64_t footer_bytes = footer_.bytes();
    for (int i = 0; i < schema.num_fields(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const int64_t column_bytes, WriteColumn(batches, i));
      footer_bytes += FooterBytes(*schema.field(i)->type(), rows, column_bytes);
    }
    ++row_groups_;
    if (footer_.Resize(footer_bytes).ok()) return Status::OK();
    return MakeError(
        ErrorCode::kMemoryLimit,
        fmt::format("what the footer of the file has to say about {} row groups of {} columns, {}, "
                    "does not fit any more; with a larger memory limit there are fewer row groups",
                    row_groups_, schema.num_fields(), FormatByteSize(footer_bytes)));
  }

  Status Finish() override { return writer_->Close(); }
  int64_t kept_bytes() const noexcept override { return footer_.bytes(); }

 private:
  Result<int64_t> WriteColumn(const arrow::RecordBatchVector& batches, int index) {
    arrow::ArrayVector pieces;
    int64_t bytes = 0;
    // All or none: a column chunk that began with values takes no dictionary any more.
    const bool decoded = std::any_of(batches.begin(), batches.end(), [&](const auto& batch) {
      return HasNullValues(*batch->column(index));
    });
    for (const auto& batch : batches) {
      const int64_t piece_bytes = RowBytes(*batch->column_data(index), 0, batch->num_rows());
      bytes += piece_bytes;
      auto piece = batch->column(index);
      if (decoded) ARROW_RETURN_NOT_OK(Decode(*piece, share_).Value(&piece));
      AddPieces(std::move(piece), piece_bytes, &pieces);
    }
    const auto type = pieces.front()->type();
    const auto column = std::make_shared<arrow::ChunkedArray>(std::move(pieces), type);
    ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(column));
    return bytes;
  }

  // Long values fill a page long before parquet-cpp looks, which it does at the end of a piece too.
  void AddPieces(std::shared_ptr<arrow::Array> array, int64_t bytes,
                 arrow::ArrayVector* pieces) const {
    const int64_t rows = array->length();
    const int64_t rows_per_page =
        std::max<int64_t>(page_bytes_ / (bytes / std::max<int64_t>(rows, 1) + 1), 1);
    if (rows_per_page >= kValuesPerLook) {
      pieces->push_back(std::move(array));
      return;
    }
    for (int64_t row = 0; row < rows; row += rows_per_page) {
      pieces->push_back(array->Slice(row, rows_per_page));
    }
  }

  static int64_t Leaves(const arrow::DataType& type) {
    if (type.num_fields() == 0) return 1;
    int64_t leaves = 0;
    for (const auto& field : type.fields()) leaves += Leaves(*field->type());
    return leaves;
  }
  int64_t FooterBytes(const arrow::DataType& type, int64_t rows, int64_t bytes) const {
    const int64_t pages = rows / kMaxPageRows + bytes / page_bytes_ + 1;
    return Leaves(type) * (kChunkFooterBytes + pages * kPageFooterBytes);
  }

  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  const int64_t page_bytes_;
  arrow::MemoryPool* share_;
  Reservation footer_;
  int64_t row_groups_ = 0;
};

}  // namespace

Result<std::unique_ptr<FormatWriter>> MakeParquetWriter(
    const std::shared_ptr<arrow::Schema>& schema, arrow::io::OutputStream* stream,
    const SinkContext& context) {
  const auto properties = Properties(context);
  ARROW_RETURN_NOT_OK(CheckColumns(*schema, *properties));
  std::shared_ptr<parquet::SchemaDescriptor> descriptor;
  ARROW_RETURN_NOT_OK(parquet::arrow::ToParquetSchema(schema.get(), *properties, &descriptor));
  ARROW_RETURN_NOT_OK(CheckBloomFilters(context.options.parquet.bloom_filter_columns, *descriptor));
  // Not owned: the file has the stream for longer than the writer.
  std::shared_ptr<arrow::io::OutputStream> sink(stream, [](auto*) {});
  ARROW_ASSIGN_OR_RAISE(auto writer,
                        parquet::arrow::FileWriter::Open(
                            *schema, context.share, std::move(sink), properties,
                            parquet::ArrowWriterProperties::Builder().store_schema()->build()));
  return std::make_unique<ParquetWriter>(std::move(writer), context);
}

}  // namespace headrace::codec
