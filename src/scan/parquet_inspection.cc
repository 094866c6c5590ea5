#include "scan/parquet_inspection.h"

#include <cstring>
#include <memory>

#include <arrow/io/interfaces.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>
#include <parquet/types.h>

#include "scan/input_file.h"
#include "scan/parquet_border.h"
#include "scan/parquet_file.h"

namespace headrace::scan {
namespace {

std::string VersionName(parquet::ParquetVersion::type version) {
  switch (version) {
    case parquet::ParquetVersion::PARQUET_1_0: return "1.0";
    case parquet::ParquetVersion::PARQUET_2_4: return "2.4";
    case parquet::ParquetVersion::PARQUET_2_6: return "2.6";
    default: return "2";
  }
}

InspectedPage Describe(const parquet::Page& page) {
  InspectedPage inspected{.bytes = page.size()};
  const auto take = [&](const auto& typed) {
    inspected.num_values = typed.num_values();
    inspected.encoding = parquet::EncodingToString(typed.encoding());
  };
  switch (page.type()) {
    case parquet::PageType::DICTIONARY_PAGE:
      inspected.kind = "dictionary";
      take(static_cast<const parquet::DictionaryPage&>(page));
      break;
    case parquet::PageType::DATA_PAGE:
      inspected.kind = "data";
      take(static_cast<const parquet::DataPage&>(page));
      break;
    case parquet::PageType::DATA_PAGE_V2:
      inspected.kind = "data v2";
      take(static_cast<const parquet::DataPage&>(page));
      break;
    default: inspected.kind = "other";
  }
  return inspected;
}

Status ReadPages(const ParquetFile& file, int row_group, int leaf, arrow::MemoryPool* pool,
                 InspectedChunk* chunk) {
  constexpr int64_t kBufferBytes = 256 << 10;
  ARROW_ASSIGN_OR_RAISE(const ChunkExtent extent, ExtentOf(file, row_group, leaf));
  auto open = OpenPagesAt(file, row_group, leaf, extent, chunk->num_values, kBufferBytes, pool);
  while (const auto page = open.pages->NextPage()) chunk->pages.push_back(Describe(*page));
  return Status::OK();
}

/// Times as people write them; none for other columns.
std::optional<std::string> MomentText(const parquet::ColumnDescriptor& column,
                                      const std::string& value) {
  const auto& meaning = column.logical_type();
  if (meaning == nullptr) return std::nullopt;
  if (meaning->is_date() && value.size() == sizeof(int32_t)) {
    int32_t days = 0;
    std::memcpy(&days, value.data(), sizeof days);
    return arrow::Date32Scalar(days).ToString();
  }
  if (!meaning->is_timestamp() || value.size() != sizeof(int64_t)) return std::nullopt;
  const auto& type = static_cast<const parquet::TimestampLogicalType&>(*meaning);
  const auto unit =
      type.time_unit() == parquet::LogicalType::TimeUnit::MILLIS   ? arrow::TimeUnit::MILLI
      : type.time_unit() == parquet::LogicalType::TimeUnit::MICROS ? arrow::TimeUnit::MICRO
                                                                   : arrow::TimeUnit::NANO;
  int64_t ticks = 0;
  std::memcpy(&ticks, value.data(), sizeof ticks);
  return arrow::TimestampScalar(ticks, arrow::timestamp(unit)).ToString() +
         (type.is_adjusted_to_utc() ? "Z" : "");
}

void ReadStatistics(const parquet::ColumnChunkMetaData& metadata,
                    const parquet::ColumnDescriptor& column, InspectedChunk* chunk) {
  if (!metadata.is_stats_set()) return;
  const auto statistics = metadata.statistics();
  if (statistics == nullptr) return;
  if (statistics->HasNullCount()) chunk->null_count = statistics->null_count();
  if (!statistics->HasMinMax()) return;
  const auto text = [&](const std::string& value) {
    if (auto moment = MomentText(column, value)) return *std::move(moment);
    return parquet::FormatStatValue(column.physical_type(), value, column.logical_type());
  };
  chunk->min = text(statistics->EncodeMin());
  chunk->max = text(statistics->EncodeMax());
}

InspectedChunk Describe(const parquet::ColumnChunkMetaData& metadata,
                        const parquet::ColumnDescriptor& column) {
  InspectedChunk chunk{.num_values = metadata.num_values(),
                       .compressed_bytes = metadata.total_compressed_size(),
                       .bytes = metadata.total_uncompressed_size()};
  chunk.compression = arrow::util::Codec::GetCodecAsString(metadata.compression());
  for (const auto encoding : metadata.encodings()) {
    chunk.encodings.push_back(parquet::EncodingToString(encoding));
  }
  if (metadata.bloom_filter_offset()) {
    chunk.bloom_filter_bytes = metadata.bloom_filter_length().value_or(0);
  }
  chunk.column_index = metadata.GetColumnIndexLocation().has_value();
  chunk.offset_index = metadata.GetOffsetIndexLocation().has_value();
  ReadStatistics(metadata, column, &chunk);
  return chunk;
}

Result<InspectedColumn> InspectColumn(const ParquetFile& file, int leaf, bool pages,
                                      arrow::MemoryPool* pool) {
  const parquet::ColumnDescriptor& column = *file.metadata().schema()->Column(leaf);
  InspectedColumn inspected{
      .name = column.path()->ToDotString(),
      .type = parquet::TypeToString(column.physical_type(), column.type_length())};
  if (const auto& meaning = column.logical_type(); meaning != nullptr && !meaning->is_none()) {
    inspected.meaning = meaning->ToString();
  }
  for (int i = 0; i < file.num_row_groups(); ++i) {
    const FilePlace place{.path = file.path(), .row_group = i, .column = inspected.name};
    ARROW_RETURN_NOT_OK(AtParquetBorder(place, [&]() -> Status {
      const auto group = file.metadata().RowGroup(i);
      inspected.chunks.push_back(Describe(*group->ColumnChunk(leaf), column));
      return pages ? ReadPages(file, i, leaf, pool, &inspected.chunks.back()) : Status::OK();
    }));
  }
  return inspected;
}

}  // namespace

Result<ParquetInspection> InspectParquet(const std::string& path, bool pages,
                                         arrow::MemoryPool* pool) {
  const FilePlace place{.path = path};
  ARROW_ASSIGN_OR_RAISE(const auto opened, OpenInputFile(path, pool));
  ARROW_ASSIGN_OR_RAISE(const int64_t file_bytes, opened->GetSize());
  ARROW_ASSIGN_OR_RAISE(const auto file, ParquetFile::Open(path, opened, pool));
  return AtParquetBorder(place, [&]() -> Result<ParquetInspection> {
    const parquet::FileMetaData& metadata = file->metadata();
    ParquetInspection inspected{.file_bytes = file_bytes,
                                .footer_bytes = metadata.size(),
                                .num_rows = metadata.num_rows(),
                                .version = VersionName(metadata.version()),
                                .created_by = metadata.created_by()};
    if (const auto& pairs = metadata.key_value_metadata(); pairs != nullptr) {
      inspected.metadata = pairs->sorted_pairs();
    }
    for (int i = 0; i < file->num_row_groups(); ++i) {
      inspected.row_group_rows.push_back(file->row_group_rows(i));
    }
    for (int leaf = 0; leaf < metadata.num_columns(); ++leaf) {
      ARROW_ASSIGN_OR_RAISE(auto column, InspectColumn(*file, leaf, pages, pool));
      inspected.columns.push_back(std::move(column));
    }
    return inspected;
  });
}

}  // namespace headrace::scan
