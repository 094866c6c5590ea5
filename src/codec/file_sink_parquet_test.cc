#include <memory>
#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/bloom_filter.h>
#include <parquet/bloom_filter_reader.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include "codec/file_sink.h"
#include "codec/sample_batch.h"
#include "codec/written_files.h"

namespace headrace::codec {
namespace {

class FileSinkParquet : public FileSinkFixture {
 protected:
  std::unique_ptr<parquet::ParquetFileReader> Written(const FileSinkOptions& given,
                                                      int64_t rows = 50'000) {
    FileSinkOptions options = given;
    options.path = Path("x.parquet");
    const auto batch = SampleBatch(rows);
    const auto reader = ReaderOf(batch->schema(), {batch});
    const auto report = WriteFile(*reader, options);
    EXPECT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(SameRows(**ReadTable(options.path), *TableOf({batch})));
    parquet::ReaderProperties properties;
    properties.set_page_checksum_verification(true);
    return parquet::ParquetFileReader::OpenFile(options.path, false, properties);
  }
};

TEST_F(FileSinkParquet, FilesSayWhatReadersLookFor) {
  const auto file = Written({});
  const auto metadata = file->metadata();
  EXPECT_THAT(metadata->created_by(), ::testing::HasSubstr("parquet-cpp-arrow"));
  EXPECT_EQ(metadata->version(), parquet::ParquetVersion::PARQUET_2_6);
  EXPECT_TRUE(metadata->key_value_metadata()->Contains("ARROW:schema"));
  for (int i = 0; i < metadata->num_columns(); ++i) {
    const auto column = metadata->RowGroup(0)->ColumnChunk(i);
    EXPECT_EQ(column->compression(), arrow::Compression::ZSTD);
    EXPECT_TRUE(column->is_stats_set());
    EXPECT_TRUE(column->GetColumnIndexLocation().has_value());
    EXPECT_TRUE(column->GetOffsetIndexLocation().has_value());
    EXPECT_FALSE(column->bloom_filter_offset().has_value());
  }
  EXPECT_TRUE(metadata->RowGroup(0)->ColumnChunk(3)->has_dictionary_page());
}

TEST_F(FileSinkParquet, WhatIsTurnedOffIsNotThere) {
  const auto file = Written({.compression = FileCompression::kNone,
                             .parquet = {.dictionary = false,
                                         .statistics = false,
                                         .page_index = false,
                                         .page_checksums = false}});
  const auto column = file->metadata()->RowGroup(0)->ColumnChunk(3);
  EXPECT_EQ(column->compression(), arrow::Compression::UNCOMPRESSED);
  EXPECT_FALSE(column->has_dictionary_page());
  EXPECT_FALSE(column->is_stats_set());
  EXPECT_FALSE(column->GetOffsetIndexLocation().has_value());
}

TEST_F(FileSinkParquet, ADamagedPageFailsItsChecksum) {
  const auto reads = [&](bool checksums) {
    const auto offset = Written({.compression = FileCompression::kNone,
                                 .parquet = {.dictionary = false, .page_checksums = checksums}})
                            ->metadata()
                            ->RowGroup(0)
                            ->ColumnChunk(0)
                            ->data_page_offset();
    std::string bytes = ReadText(Path("x.parquet")).ValueOrDie();
    bytes[static_cast<size_t>(offset) + 50'000] ^= 1;
    WriteText(Path("x.parquet"), bytes);
    parquet::ReaderProperties properties;
    properties.set_page_checksum_verification(true);
    const auto file = parquet::ParquetFileReader::OpenFile(Path("x.parquet"), false, properties);
    const auto pages = file->RowGroup(0)->GetColumnPageReader(0);
    while (pages->NextPage() != nullptr) {
    }
  };
  EXPECT_THROW(reads(true), parquet::ParquetException);
  EXPECT_NO_THROW(reads(false));
}

TEST_F(FileSinkParquet, EveryCompressionReadsBack) {
  using enum FileCompression;
  const std::vector<std::pair<FileCompression, arrow::Compression::type>> compressions = {
      {kSnappy, arrow::Compression::SNAPPY},
      {kGzip, arrow::Compression::GZIP},
      {kZstd, arrow::Compression::ZSTD},
      {kLz4, arrow::Compression::LZ4},
      {kBrotli, arrow::Compression::BROTLI}};
  for (const auto& [compression, expected] : compressions) {
    const auto file = Written({.compression = compression}, 1000);
    EXPECT_EQ(file->metadata()->RowGroup(0)->ColumnChunk(0)->compression(), expected);
  }
  EXPECT_EQ(Written({.compression = FileCompression::kZstd, .compression_level = 19}, 1000)
                ->metadata()
                ->num_rows(),
            1000);
}

TEST_F(FileSinkParquet, ABloomFilterKnowsItsValues) {
  const auto file = Written({.parquet = {.row_group_rows = 20'000, .bloom_filter_columns = {"s"}}});
  auto& filters = file->GetBloomFilterReader();
  for (int group = 0; group < file->metadata()->num_row_groups(); ++group) {
    EXPECT_EQ(filters.RowGroup(group)->GetColumnBloomFilter(0), nullptr);
    const auto filter = filters.RowGroup(group)->GetColumnBloomFilter(3);
    ASSERT_NE(filter, nullptr);
    const auto knows = [&](const std::string& text) {
      const parquet::ByteArray value(text);
      return filter->FindHash(filter->Hash(&value));
    };
    EXPECT_TRUE(knows("plain"));
    int found = 0;
    for (int i = 0; i < 1000; ++i) found += knows("absent" + std::to_string(i)) ? 1 : 0;
    EXPECT_LT(found, 200);
  }
}

TEST_F(FileSinkParquet, PagesHaveTheSizeThatIsAskedFor) {
  Written({.parquet = {.data_page_bytes = 16 << 10, .dictionary = false}}, 200'000);
  EXPECT_LE(ShapeOf(Path("x.parquet"))->largest_page_bytes, 64 << 10);
}

}  // namespace
}  // namespace headrace::codec
