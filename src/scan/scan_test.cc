#include "headrace/scan.h"

#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <arrow/array/array_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/compute/api.h>
#include <arrow/compute/expression.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "expr/filter.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "testing/parquet_files.h"
#include "testing/random_table.h"
#include "testing/scan_rows.h"
#include "testing/temporary_folder.h"

namespace headrace {
namespace {

using testing::ExpectSame;
using testing::RandomTicks;
using testing::TemporaryFolder;
using testing::WriteParquet;

std::shared_ptr<const arrow::compute::Expression> Filter(const std::string& text,
                                                         const arrow::Schema& schema) {
  return std::make_shared<arrow::compute::Expression>(expr::ParseFilter(text, schema).ValueOrDie());
}

// What a scan has to give, without any of it.
std::shared_ptr<arrow::Table> Expected(const std::shared_ptr<arrow::Table>& table,
                                       const std::string& filter,
                                       const std::vector<std::string>& columns, int64_t limit) {
  auto rows = table->CombineChunksToBatch().ValueOrDie();
  if (!filter.empty()) {
    const auto mask =
        expr::FilterMask(*Filter(filter, *table->schema()), *rows, arrow::default_memory_pool())
            .ValueOrDie();
    rows = arrow::compute::Filter(rows, mask).ValueOrDie().record_batch();
  }
  if (limit >= 0) rows = rows->Slice(0, limit);
  std::vector<int> indices;
  for (const auto& column : columns) indices.push_back(rows->schema()->GetFieldIndex(column));
  auto out = arrow::Table::FromRecordBatches(rows->schema(), {rows}).ValueOrDie();
  return columns.empty() ? out : out->SelectColumns(indices).ValueOrDie();
}

Result<std::shared_ptr<arrow::Table>> ReadAll(Scan& scan, const ReadRequest& request) {
  ARROW_ASSIGN_OR_RAISE(auto opened, scan.Open(request));
  return opened.reader->ToTable();
}

// Small chunks, counted.
class CountingStrategy final : public ChunkStrategy {
 public:
  int64_t RowsPerChunk(const ChunkContext&) const noexcept override {
    ++chunks_;
    chunks_.notify_all();
    return 16;
  }
  void Observe(double) noexcept override {}
  void WaitForFirstChunk() const { chunks_.wait(0); }
  int64_t chunks() const { return chunks_; }

 private:
  mutable std::atomic<int64_t> chunks_{0};
};

class ScanTest : public ::testing::Test {
 protected:
  // A table over some files of unlike layout.
  std::shared_ptr<arrow::Table> WriteFiles(uint32_t seed, int num_files,
                                           const std::string& prefix = "") {
    RandomTicks random(seed);
    std::vector<std::shared_ptr<arrow::Table>> tables;
    for (int i = 0; i < num_files; ++i) {
      tables.push_back(
          random.Make(random.Below(4) == 0 ? random.Below(3) : 500 + random.Below(4000)));
      parquet::WriterProperties::Builder properties;
      properties
          .compression(random.Below(2) ? parquet::Compression::ZSTD : parquet::Compression::SNAPPY)
          ->data_pagesize(int64_t{200} << random.Below(6))
          ->write_batch_size(1 + random.Below(100))
          ->data_page_version(random.Below(2) ? parquet::ParquetDataPageVersion::V1
                                              : parquet::ParquetDataPageVersion::V2);
      if (random.Below(2)) properties.enable_write_page_index();
      if (random.Below(2)) {
        for (const char* column : {"id", "sensor", "ts"}) {
          properties.enable_bloom_filter(column, {.ndv = 500, .fpp = 0.05});
        }
      }
      if (random.Below(3) == 0) properties.disable_statistics();
      if (random.Below(3) == 0) properties.disable_dictionary();
      folder_.Write(prefix + "t" + std::to_string(100 + i) + ".parquet",
                    *WriteParquet(*tables.back(), 100 + random.Below(3000), properties.build()));
    }
    return arrow::ConcatenateTables(tables).ValueOrDie();
  }

  std::shared_ptr<Scan> Open(ScanOptions options = {}) {
    if (options.paths.empty()) options.paths = {folder_.path()};
    return Scan::Open(std::move(options), &budget_).ValueOrDie();
  }

  TemporaryFolder folder_;
  MemoryBudget budget_{int64_t{1} << 30};
};

const std::vector<std::string> kFilters = {
    "",
    "value > 50",
    "value >= 3 and value < 4",
    "not (value < 100)",
    "value != 5",
    "sensor = 'sensor-3'",
    "sensor in ('sensor-3', 'nobody')",
    "sensor > 'sensor-15' or note is not null",
    "note like 'nnn%'",
    "count is null and flag",
    "id between 2000 and 2100",
    "id = -1",
    "count + 1 > id",
    "flag",
    "ts > timestamp '2023-11-14 22:40:00'",
    "day is not null",
};

TEST_F(ScanTest, GivesTheRowsOfTheFiles) {
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::string name = "seed" + std::to_string(seed);
    const auto table = WriteFiles(seed, 1 + static_cast<int>(seed % 5), name + "/");
    RandomTicks random(seed + 1000);
    for (const std::string& filter : kFilters) {
      SCOPED_TRACE(filter);
      ScanOptions options;
      options.paths = {folder_ / name};
      options.max_concurrent = static_cast<int>(random.Below(4));
      if (random.Below(2)) {
        options.chunk_strategy = std::make_shared<FixedChunkStrategy>(1 + random.Below(700));
      }
      options.memory_limit_bytes = int64_t{8} << (20 + random.Below(4));
      options.skipping = {.statistics = random.Below(3) > 0,
                          .bloom_filters = random.Below(3) > 0,
                          .dictionaries = random.Below(3) > 0,
                          .page_index = random.Below(3) > 0,
                          .late_columns = random.Below(3) > 0};
      const auto scan = Open(std::move(options));
      ReadRequest request;
      if (!filter.empty()) request.filter = Filter(filter, *scan->schema());
      std::vector<std::string> columns;
      if (random.Below(3) == 0) columns = {"value", "sensor"};
      if (random.Below(6) == 0) columns = {"note"};
      if (!columns.empty()) request.columns = columns;
      const int64_t limit = random.Below(3) ? -1 : random.Below(2000);
      if (limit >= 0) request.limit = limit;
      const auto rows = ReadAll(*scan, request);
      ASSERT_TRUE(rows.ok()) << rows.status();
      ExpectSame(**rows, *Expected(table, filter, columns, limit));
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_EQ(budget_.used_bytes(), 0);
}

// The rule that leaves out the most rows, by the explanation.
std::string RuleFor(const Scan& scan, const std::string& filter) {
  const auto explained = scan.Explain({.filter = Filter(filter, *scan.schema())}).ValueOrDie();
  EXPECT_EQ(explained.num_rows, *scan.statistics().num_rows);
  if (explained.skips.empty()) return "none";
  return explained.skips.front().rule;
}

TEST_F(ScanTest, EachRuleLeavesOutWhatItCan) {
  const auto table = RandomTicks(7).Make(20'000);
  parquet::WriterProperties::Builder properties;
  properties.enable_write_page_index()->data_pagesize(2000)->write_batch_size(50);
  properties.enable_bloom_filter("id", {.ndv = 2000, .fpp = 0.01});
  folder_.Write("t.parquet", *WriteParquet(*table, 4000, properties.build()));
  const auto scan = Open();
  EXPECT_EQ(RuleFor(*scan, "id < 0"), "statistics");
  EXPECT_EQ(RuleFor(*scan, "count + 0 = 1"), "none");
  EXPECT_EQ(RuleFor(*scan, "sensor = 'sensor-1x'"), "dictionary");
  EXPECT_EQ(RuleFor(*scan, "flag is null"), "statistics");
  const auto explained =
      scan->Explain({.filter = Filter("id = 20001", *scan->schema())}).ValueOrDie();
  EXPECT_LT(explained.read_rows, 2000) << explained.ToString();
  const auto by_page =
      scan->Explain({.filter = Filter("id between 20000 and 20100", *scan->schema())}).ValueOrDie();
  EXPECT_EQ(by_page.read_row_groups, 1);
  EXPECT_LT(by_page.read_rows, 1000) << by_page.ToString();
  EXPECT_GT(by_page.skips.back().pages, 0);
}

TEST_F(ScanTest, OutOfOrderGivesTheSameRows) {
  const auto table = WriteFiles(5, 6);
  const auto scan = Open({.max_concurrent = 3});
  ReadRequest request{.columns = {{"id", "ts"}}, .ordered = false};
  const auto rows = ReadAll(*scan, request).ValueOrDie();
  const auto order = arrow::compute::SortIndices(
                         rows, arrow::compute::SortOptions({arrow::compute::SortKey("ts")}))
                         .ValueOrDie();
  const auto sorted = arrow::compute::Take(rows, order).ValueOrDie().table();
  ExpectSame(*sorted, *Expected(table, "", {"id", "ts"}, -1));
}

TEST_F(ScanTest, FiltersColumnsOfDictionaryType) {
  const auto table = RandomTicks(13).Make(5000);
  const auto encoded =
      arrow::compute::DictionaryEncode(table->GetColumnByName("sensor")).ValueOrDie();
  const auto with =
      table->SetColumn(2, arrow::field("sensor", encoded.type()), encoded.chunked_array())
          .ValueOrDie();
  folder_.Write("t.parquet", *WriteParquet(*with, 1500));
  const auto scan = Open();
  for (const char* filter : {"sensor = 'sensor-3'", "sensor is null", "sensor > 'sensor-4'"}) {
    const auto rows =
        ReadAll(*scan, {.columns = {{"id"}}, .filter = Filter(filter, *scan->schema())});
    ASSERT_TRUE(rows.ok()) << rows.status();
    ExpectSame(**rows, *Expected(table, filter, {"id"}, -1));
  }
}

TEST_F(ScanTest, ReadersShareTheRows) {
  const auto table = WriteFiles(11, 6);
  const auto scan = Open({.max_concurrent = 3, .chunk_strategy = nullptr});
  auto opened = scan->Open({.columns = {{"ts"}}, .ordered = false, .num_readers = 3}).ValueOrDie();
  int64_t rows = opened.reader->ToTable().ValueOrDie()->num_rows();
  for (auto& reader : opened.more_readers) rows += reader->ToTable().ValueOrDie()->num_rows();
  EXPECT_EQ(rows, table->num_rows());
}

TEST_F(ScanTest, StringsComeByDictionaryOnRequest) {
  const auto table = WriteFiles(12, 5);
  const auto scan = Open();
  const auto rows =
      ReadAll(*scan, {.columns = {{"sensor"}}, .dictionary_columns = {"sensor"}}).ValueOrDie();
  ASSERT_EQ(rows->field(0)->type()->id(), arrow::Type::DICTIONARY);
  const auto plain = arrow::compute::Cast(rows->column(0), arrow::utf8()).ValueOrDie();
  EXPECT_TRUE(plain.chunked_array()->Equals(*table->GetColumnByName("sensor")));
}

TEST_F(ScanTest, EmptyFilesAndNoRowGroups) {
  const auto empty = RandomTicks(1).Make(0);
  folder_.Write("a.parquet", *WriteParquet(*empty, 100));
  const auto scan = Open();
  const auto rows = ReadAll(*scan, {}).ValueOrDie();
  ExpectSame(*rows, *empty);
  EXPECT_EQ(scan->statistics().num_rows, 0);
  EXPECT_EQ(
      ReadAll(*scan, {.filter = Filter("value > 1", *scan->schema())}).ValueOrDie()->num_rows(), 0);
}

TEST_F(ScanTest, NamesTheFileOfARow) {
  WriteFiles(3, 2);
  const auto scan = Open({.source_file_column = "file"});
  EXPECT_EQ(scan->schema()->field(0)->name(), "file");
  ReadRequest request{.columns = {{"file"}},
                      .filter = Filter("file like '%t101.parquet'", *scan->schema())};
  const auto rows = ReadAll(*scan, request).ValueOrDie();
  const auto all = Scan::Open({.paths = {folder_ / "t101.parquet"}}, &budget_).ValueOrDie();
  EXPECT_EQ(rows->num_rows(), *all->statistics().num_rows);
}

TEST_F(ScanTest, FoldersAreColumns) {
  const auto table = RandomTicks(1).Make(10);
  folder_.Write("year=2023/city=New%20York/a.parquet", *WriteParquet(*table, 100));
  folder_.Write("year=2024/city=__HIVE_DEFAULT_PARTITION__/a.parquet", *WriteParquet(*table, 100));
  const auto scan = Open();
  EXPECT_TRUE(scan->schema()->GetFieldByName("year")->type()->Equals(arrow::int64()));
  EXPECT_EQ(ReadAll(*scan, {.filter = Filter("year = 2024 and city is null", *scan->schema())})
                .ValueOrDie()
                ->num_rows(),
            10);
  EXPECT_EQ(ReadAll(*scan, {.filter = Filter("city = 'New York'", *scan->schema())})
                .ValueOrDie()
                ->num_rows(),
            10);
}

std::shared_ptr<arrow::Table> OneColumn(const std::string& name,
                                        const std::shared_ptr<arrow::DataType>& type,
                                        const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  const auto array = builder.Finish().ValueOrDie();
  return arrow::Table::Make(arrow::schema({arrow::field(name, type)}),
                            {arrow::compute::Cast(*array, type).ValueOrDie()});
}

TEST_F(ScanTest, SchemasAreWidenedByName) {
  folder_.Write("1.parquet", *WriteParquet(*OneColumn("a", arrow::int32(), {1, 2}), 9));
  folder_.Write("2.parquet", *WriteParquet(*OneColumn("a", arrow::int64(), {int64_t{1} << 40}), 9));
  folder_.Write("3.parquet", *WriteParquet(*OneColumn("b", arrow::float64(), {7}), 9));
  const auto scan = Open();
  EXPECT_EQ(scan->schema()->ToString(), "a: int64\nb: double");
  const auto rows =
      ReadAll(*scan, {.filter = Filter("a > 1 or b = 7", *scan->schema())}).ValueOrDie();
  EXPECT_EQ(rows->num_rows(), 3);
}

TEST_F(ScanTest, TypesThatDoNotGoTogetherAreRefused) {
  folder_.Write("1.parquet", *WriteParquet(*OneColumn("a", arrow::int64(), {1}), 9));
  folder_.Write("2.parquet", *WriteParquet(*OneColumn("a", arrow::utf8(), {1}), 9));
  const Status status = Scan::Open({.paths = {folder_.path()}}, &budget_).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kTypeMismatch);
  EXPECT_NE(status.message().find("2.parquet"), std::string::npos);
  EXPECT_EQ(LocationOf(status).back(), "a");
}

TEST_F(ScanTest, WhatIsNotThereIsNamed) {
  EXPECT_EQ(CodeOf(Scan::Open({.paths = {folder_ / "no.parquet"}}, &budget_).status()),
            ErrorCode::kUnknownName);
  EXPECT_EQ(CodeOf(Scan::Open({.paths = {folder_ / "*.parquet"}}, &budget_).status()),
            ErrorCode::kUnknownName);
  EXPECT_EQ(CodeOf(Scan::Open({.paths = {}}, &budget_).status()), ErrorCode::kInvalidArgument);
  WriteFiles(1, 1);
  const auto scan = Open();
  const Status status = scan->Open({.columns = {{"valu"}}}).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kUnknownName);
  EXPECT_NE(status.message().find("'value'"), std::string::npos);
  EXPECT_EQ(CodeOf(scan->Open({.columns = {{"value", "value"}}}).status()),
            ErrorCode::kInvalidArgument);
  folder_.Write("notes.txt", *arrow::Buffer::FromString("hello"));
  EXPECT_EQ(CodeOf(Scan::Open({.paths = {folder_.path()}}, &budget_).status()),
            ErrorCode::kInvalidArgument);
}

TEST_F(ScanTest, AReaderMayBeLeftAtAnyTime) {
  WriteFiles(9, 6);
  for (int taken = 0; taken < 5; ++taken) {
    const auto scan =
        Open({.max_concurrent = 2, .chunk_strategy = std::make_shared<FixedChunkStrategy>(64)});
    auto reader = scan->Open({}).ValueOrDie().reader;
    std::shared_ptr<arrow::RecordBatch> batch;
    for (int i = 0; i < taken; ++i) ASSERT_TRUE(reader->ReadNext(&batch).ok());
    ASSERT_TRUE(reader->Close().ok());
  }
  EXPECT_EQ(budget_.used_bytes(), 0);
}

// Nothing passes the filter, so that the taker would wait for the end of the last file.
TEST_F(ScanTest, ClosingStopsAScanThatFindsNothing) {
  const auto table = RandomTicks(3).Make(30'000);
  for (int i = 0; i < 40; ++i) {
    folder_.Write("t" + std::to_string(i) + ".parquet", *WriteParquet(*table, 3000));
  }
  for (const int threads : {1, 3}) {
    const auto strategy = std::make_shared<CountingStrategy>();
    const auto scan = Open({.max_concurrent = threads, .chunk_strategy = strategy});
    auto reader =
        scan->Open({.filter = Filter("count + id = -1", *scan->schema())}).ValueOrDie().reader;
    std::shared_ptr<arrow::RecordBatch> batch;
    Status status;
    std::thread taker([&] { status = reader->ReadNext(&batch); });
    strategy->WaitForFirstChunk();
    ASSERT_TRUE(reader->Close().ok());
    const int64_t chunks = strategy->chunks();
    taker.join();
    EXPECT_EQ(CodeOf(status), ErrorCode::kCancelled);
    EXPECT_LE(strategy->chunks(), chunks + threads);  // of each thread the one it had begun
    EXPECT_EQ(CodeOf(reader->ReadNext(&batch)), ErrorCode::kCancelled);
  }
}

}  // namespace
}  // namespace headrace
