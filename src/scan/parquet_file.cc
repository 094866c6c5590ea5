#include "scan/parquet_file.h"

#include <algorithm>
#include <utility>

#include <arrow/io/interfaces.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "headrace/error_code.h"
#include "scan/page_stream.h"
#include "scan/parquet_border.h"

namespace headrace::scan {
namespace {

using arrow::Type;

// Types whose values FixedColumn and its like write as they are stored, or as wider or narrower
// ones.
bool DecodesDirectly(const arrow::DataType& type, const parquet::ColumnDescriptor& leaf) {
  switch (leaf.physical_type()) {
    case parquet::Type::BOOLEAN: return type.id() == Type::BOOL;
    case parquet::Type::INT32:
      return type.id() == Type::INT32 || type.id() == Type::UINT32 || type.id() == Type::DATE32 ||
             type.id() == Type::TIME32 || type.id() == Type::INT8 || type.id() == Type::UINT8 ||
             type.id() == Type::INT16 || type.id() == Type::UINT16 ||
             type.id() == Type::DECIMAL32 || type.id() == Type::DECIMAL128;
    case parquet::Type::INT64:
      return type.id() == Type::INT64 || type.id() == Type::UINT64 || type.id() == Type::TIME64 ||
             type.id() == Type::TIMESTAMP || type.id() == Type::DURATION ||
             type.id() == Type::DECIMAL64 || type.id() == Type::DECIMAL128;
    case parquet::Type::FLOAT: return type.id() == Type::FLOAT;
    case parquet::Type::DOUBLE: return type.id() == Type::DOUBLE;
    case parquet::Type::BYTE_ARRAY:
      if (type.id() == Type::DICTIONARY) {
        const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
        return dictionary.index_type()->id() == Type::INT32 &&
               (dictionary.value_type()->id() == Type::STRING ||
                dictionary.value_type()->id() == Type::BINARY);
      }
      return type.id() == Type::STRING || type.id() == Type::BINARY;
    default: return false;
  }
}

void CollectLeaves(const parquet::arrow::SchemaField& field, std::vector<int>* leaves) {
  if (field.is_leaf()) leaves->push_back(field.column_index);
  for (const auto& child : field.children) CollectLeaves(child, leaves);
}

parquet::ReaderProperties Properties(arrow::MemoryPool* pool) {
  parquet::ReaderProperties properties(pool);
  properties.set_page_checksum_verification(true);
  return properties;
}

// Views of strings are read as strings: Arrow's kernels cannot compare them.
std::shared_ptr<arrow::DataType> WithoutViews(const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case Type::STRING_VIEW: return arrow::utf8();
    case Type::BINARY_VIEW: return arrow::binary();
    default: return type;
  }
}

}  // namespace

ParquetFile::~ParquetFile() = default;

Result<std::shared_ptr<const ParquetFile>> ParquetFile::Open(
    std::string path, std::shared_ptr<arrow::io::RandomAccessFile> source,
    arrow::MemoryPool* pool) {
  auto file = std::shared_ptr<ParquetFile>(new ParquetFile());
  file->path_ = std::move(path);
  file->file_ = std::move(source);
  const FilePlace place{.path = file->path_};
  ARROW_RETURN_NOT_OK(AtParquetBorder(place, [&] { return file->Read(pool); }));
  return file;
}

Status ParquetFile::Read(arrow::MemoryPool* pool) {
  auto reader = parquet::ParquetFileReader::Open(file_, Properties(pool));
  metadata_ = reader->metadata();
  if (metadata_->is_encryption_algorithm_set()) {
    return MakeError(ErrorCode::kNotImplemented, "encrypted Parquet files are not read");
  }
  int64_t rows = 0;
  for (int i = 0; i < num_row_groups(); ++i) {
    if (row_group_rows(i) < 0) return Status::Invalid("row group ", i, " has a negative length");
    rows += row_group_rows(i);
  }
  if (rows != metadata_->num_rows()) {
    return Status::Invalid("the footer says ", metadata_->num_rows(), " rows, its row groups ",
                           rows);
  }
  ARROW_ASSIGN_OR_RAISE(auto arrow_reader,
                        parquet::arrow::FileReader::Make(pool, std::move(reader)));
  arrow::FieldVector fields;
  for (const auto& schema_field : arrow_reader->manifest().schema_fields) {
    ParquetColumn column;
    column.field = schema_field.field->WithType(WithoutViews(schema_field.field->type()));
    CollectLeaves(schema_field, &column.leaves);
    if (schema_field.is_leaf() && schema_field.level_info.rep_level == 0 &&
        schema_field.level_info.def_level <= 1) {
      const auto* leaf = metadata_->schema()->Column(schema_field.column_index);
      column.flat = leaf->schema_node()->parent() == metadata_->schema()->group_node() &&
                    DecodesDirectly(*column.field->type(), *leaf);
    }
    fields.push_back(column.field);
    columns_.push_back(std::move(column));
  }
  schema_ = arrow::schema(std::move(fields), arrow_reader->manifest().schema_metadata);
  return Status::OK();
}

int ParquetFile::num_row_groups() const noexcept { return metadata_->num_row_groups(); }

int64_t ParquetFile::row_group_rows(int row_group) const {
  return metadata_->RowGroup(row_group)->num_rows();
}

std::unique_ptr<parquet::ParquetFileReader> ParquetFile::NewReader(arrow::MemoryPool* pool) const {
  return parquet::ParquetFileReader::Open(file_, Properties(pool), metadata_);
}

Result<ChunkExtent> ExtentOf(const ParquetFile& file, int row_group, int leaf) {
  const FilePlace place{.path = file.path(),
                        .row_group = row_group,
                        .column = file.metadata().schema()->Column(leaf)->path()->ToDotString()};
  return AtParquetBorder(place, [&]() -> Result<ChunkExtent> {
    const auto group = file.metadata().RowGroup(row_group);
    const auto chunk = group->ColumnChunk(leaf);
    if (!chunk->file_path().empty()) {
      return MakeError(ErrorCode::kNotImplemented,
                       "columns that lie in other files are not followed");
    }
    ChunkExtent extent;
    extent.begin = chunk->data_page_offset();
    // Some writers leave a dictionary offset of 0 where there is none.
    if (chunk->has_dictionary_page() && chunk->dictionary_page_offset() > 0 &&
        chunk->dictionary_page_offset() < extent.begin) {
      extent.begin = chunk->dictionary_page_offset();
    }
    extent.end = extent.begin + chunk->total_compressed_size();
    ARROW_ASSIGN_OR_RAISE(const int64_t size, file.file()->GetSize());
    // parquet-mr 1.2.8 and older left out the bytes of the dictionary page's header.
    if (file.metadata().writer_version().VersionLt(
            parquet::ApplicationVersion::PARQUET_816_FIXED_VERSION())) {
      extent.end = std::min(extent.end + 100, size);
    }
    if (extent.begin < 0 || extent.end < extent.begin || extent.end > size) {
      return Status::Invalid("its pages lie at bytes ", extent.begin, " to ", extent.end, " of ",
                             size);
    }
    return extent;
  });
}

int64_t EstimateRowBytes(const ParquetFile& file, int row_group, const ParquetColumn& column) {
  const auto group = file.metadata().RowGroup(row_group);
  const int64_t rows = std::max<int64_t>(1, group->num_rows());
  if (column.flat && column.field->type()->byte_width() > 0) {
    return column.field->type()->byte_width();
  }
  int64_t bytes = 0;
  for (const int leaf : column.leaves) {
    bytes += 4 + group->ColumnChunk(leaf)->total_uncompressed_size() / rows;
  }
  return std::max<int64_t>(1, bytes);
}

int64_t EstimatePageBytes(const ParquetFile& file, int row_group, int leaf) {
  constexpr int64_t kUsualPage = 1 << 20;
  constexpr int64_t kValuesBetweenLooks = 1024;
  const auto chunk = file.metadata().RowGroup(row_group)->ColumnChunk(leaf);
  const int64_t all = chunk->total_uncompressed_size();
  const int64_t value = all / std::max<int64_t>(1, chunk->num_values());
  return std::min(all, std::max(kUsualPage, value * kValuesBetweenLooks));
}

bool HasUndeclaredCompression(const ParquetFile& file) {
  return file.metadata().writer_version().VersionLt(
      parquet::ApplicationVersion::PARQUET_CPP_10353_FIXED_VERSION());
}

OpenPages OpenPagesAt(const ParquetFile& file, int row_group, int leaf, ChunkExtent extent,
                      int64_t values, int64_t buffer_bytes, arrow::MemoryPool* pool, bool packed) {
  OpenPages open;
  open.stream =
      std::make_shared<PageStream>(file.file(), extent.begin, extent.end, buffer_bytes, pool);
  const auto chunk = file.metadata().RowGroup(row_group)->ColumnChunk(leaf);
  open.pages = parquet::PageReader::Open(
      open.stream, values, packed ? arrow::Compression::UNCOMPRESSED : chunk->compression(),
      Properties(pool), *file.metadata().schema()->Column(leaf), HasUndeclaredCompression(file));
  return open;
}

}  // namespace headrace::scan
