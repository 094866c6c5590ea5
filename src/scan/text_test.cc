#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <arrow/compute/api.h>
#include <arrow/compute/expression.h>
#include <arrow/csv/api.h>
#include <arrow/io/compressed.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/json/api.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/compression.h>
#include <gtest/gtest.h>

#include "expr/filter.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "headrace/scan.h"
#include "testing/parquet_files.h"
#include "testing/random_table.h"
#include "testing/scan_rows.h"
#include "testing/temporary_folder.h"

namespace headrace {
namespace {

using testing::RandomTicks;
using testing::TemporaryFolder;

std::shared_ptr<arrow::Buffer> Text(const std::string& text) {
  return arrow::Buffer::FromString(text);
}

// The table as text: Arrow's CSV, or an object a line; nulls are left out.
std::string ToCsv(const arrow::Table& table) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  EXPECT_TRUE(arrow::csv::WriteCSV(table, arrow::csv::WriteOptions::Defaults(), sink.get()).ok());
  return sink->Finish().ValueOrDie()->ToString();
}

std::string ToNdjson(const arrow::Table& table) {
  std::string text;
  const auto batch = table.CombineChunksToBatch().ValueOrDie();
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    std::string line;
    for (int i = 0; i < batch->num_columns(); ++i) {
      const auto value = batch->column(i)->GetScalar(row).ValueOrDie();
      if (!value->is_valid || value->ToString() == "nan") continue;
      const auto id = value->type->id();
      const bool bare = id == arrow::Type::INT64 || id == arrow::Type::INT32 ||
                        id == arrow::Type::BOOL || id == arrow::Type::DOUBLE;
      const std::string quote = bare ? "" : "\"";
      line += (line.empty() ? "" : ",") + ("\"" + batch->schema()->field(i)->name() + "\":") +
              quote + value->ToString() + quote;
    }
    text += "{" + line + "}\n";
  }
  return text;
}

std::string Packed(const std::string& text, arrow::Compression::type type) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto codec = arrow::util::Codec::Create(type).ValueOrDie();
  auto out = arrow::io::CompressedOutputStream::Make(codec.get(), sink).ValueOrDie();
  EXPECT_TRUE(out->Write(text.data(), static_cast<int64_t>(text.size())).ok());
  EXPECT_TRUE(out->Close().ok());
  return sink->Finish().ValueOrDie()->ToString();
}

class TextTest : public ::testing::Test {
 protected:
  Result<std::shared_ptr<arrow::Table>> Read(ScanOptions options, const std::string& filter = "",
                                             ReadRequest request = {}) {
    return testing::ScanRows(std::move(options), filter, std::move(request), &budget_);
  }

  Result<std::shared_ptr<arrow::Table>> ReadText(const std::string& name, const std::string& text,
                                                 int64_t limit = 0) {
    return Read({.paths = {folder_.Write(name, *Text(text))}, .memory_limit_bytes = limit});
  }

  TemporaryFolder folder_;
  MemoryBudget budget_{int64_t{256} << 20};
};

std::string RowsOf(const arrow::Table& table, const std::string& column) {
  auto array = table.CombineChunksToBatch().ValueOrDie()->GetColumnByName(column);
  std::string text;
  for (int64_t i = 0; i < array->length(); ++i) {
    text += array->GetScalar(i).ValueOrDie()->ToString() + "\n";
  }
  return text;
}

TEST_F(TextTest, GivesTheRowsThatParquetGives) {
  // Small blocks: the limit makes them, and the text is many of them.
  const auto table = RandomTicks(1).Make(20'000);
  const std::string parquet = folder_.Write("t.parquet", *testing::WriteParquet(*table, 3000));
  const std::string csv = ToCsv(*table);
  const std::string ndjson = ToNdjson(*table);
  const std::vector<std::string> paths = {
      folder_.Write("t.csv", *Text(csv)),
      folder_.Write("t.csv.gz", *Text(Packed(csv, arrow::Compression::GZIP))),
      folder_.Write("t.csv.zst", *Text(Packed(csv, arrow::Compression::ZSTD))),
      folder_.Write("t.ndjson", *Text(ndjson)),
      folder_.Write("t.jsonl.gz", *Text(Packed(ndjson, arrow::Compression::GZIP)))};
  for (const char* filter :
       {"", "value > 50", "sensor = 'sensor-3'", "count is null and flag", "id = -1",
        "ts > timestamp '2023-11-14 22:40:00Z'", "id between 2000 and 2100"}) {
    const auto expected = Read({.paths = {parquet}}, filter).ValueOrDie();
    for (const auto& path : paths) {
      SCOPED_TRACE(path + " " + filter);
      const auto rows =
          Read({.paths = {path}, .memory_limit_bytes = 8 << 20, .max_concurrent = 2}, filter);
      ASSERT_TRUE(rows.ok()) << rows.status();
      ASSERT_EQ((*rows)->num_rows(), expected->num_rows());
      for (const char* column : {"id", "sensor", "count", "flag", "ts"}) {
        ASSERT_EQ(RowsOf(**rows, column), RowsOf(*expected, column)) << column;
      }
    }
  }
  EXPECT_EQ(budget_.used_bytes(), 0);
}

TEST_F(TextTest, MixedFormatsAreOneTable) {
  const auto table = RandomTicks(2).Make(500);
  folder_.Write("1.parquet", *testing::WriteParquet(*table, 100));
  folder_.Write("2.csv", *Text(ToCsv(*table)));
  folder_.Write("3.ndjson", *Text(ToNdjson(*table)));
  folder_.Write("year=2024/4.csv", *Text("id,extra\n1,x\n"));
  ScanOptions options{.paths = {folder_.path()}, .source_file_column = "file"};
  const auto scan = Scan::Open(options, &budget_).ValueOrDie();
  EXPECT_EQ(scan->schema()->field_names().back(), "year");
  const auto explained = scan->Explain({}).ValueOrDie();
  EXPECT_EQ(explained.num_row_groups, 5);
  EXPECT_EQ(explained.num_rows, 1501);  // small files are known whole
  const auto rows = Read(options).ValueOrDie();
  ASSERT_EQ(rows->num_rows(), 1501);
  EXPECT_EQ(RowsOf(*rows->Slice(0, 500), "ts"), RowsOf(*rows->Slice(1000, 500), "ts"));
  EXPECT_EQ(Read(options, "year = 2024 and extra = 'x' and ts is null").ValueOrDie()->num_rows(),
            1);
}

TEST_F(TextTest, RowsOfLargeTextsAreUnknown) {
  std::string text = "a\n";
  for (int i = 0; i < 50'000; ++i) text += "123456789\n";
  ScanOptions options{.paths = {folder_.Write("t.csv", *Text(text))},
                      .memory_limit_bytes = 8 << 20};
  const auto scan = Scan::Open(options, &budget_).ValueOrDie();
  EXPECT_FALSE(scan->statistics().num_rows.has_value());
  EXPECT_EQ(scan->Explain({}).ValueOrDie().num_rows, -1);
  EXPECT_EQ(Read(options, "", {.columns = std::vector<std::string>{}}).ValueOrDie()->num_rows(),
            50'000);
}

TEST_F(TextTest, CsvAsItIsFound) {
  EXPECT_EQ(ReadText("a.csv", "").ValueOrDie()->num_columns(), 0);
  EXPECT_EQ(ReadText("a.csv", "\n\n").ValueOrDie()->num_columns(), 0);
  EXPECT_EQ(ReadText("a.csv", "a,b").ValueOrDie()->num_columns(), 2);
  EXPECT_EQ(ReadText("a.csv", "a,b\n").ValueOrDie()->num_rows(), 0);
  EXPECT_EQ(RowsOf(*ReadText("a.csv", "a,b\n1,x").ValueOrDie(), "a"), "1\n");
  EXPECT_EQ(RowsOf(*ReadText("a.csv",
                             "\xef\xbb\xbf"
                             "a,b\r\n1,x\r\n2,y\r\n")
                        .ValueOrDie(),
                   "b"),
            "x\ny\n");
  EXPECT_EQ(RowsOf(*ReadText("a.csv", "a,b\n\"x\ny\",1\n\"say \"\"hi\"\"\",2\n").ValueOrDie(), "a"),
            "x\ny\nsay \"hi\"\n");
  EXPECT_EQ(RowsOf(*ReadText("a.csv", "a,b\n,1\n\"\",2\nNA,3\n").ValueOrDie(), "a"),
            "null\n\nNA\n");
  // Newlines in quotes, over the edges of blocks.
  std::string text = "a,b\n";
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i) + ",\"line 1\nline, 2\"\n";
  const auto rows = ReadText("a.csv", text, 4 << 20).ValueOrDie();
  EXPECT_EQ(rows->num_rows(), 20'000);
  EXPECT_EQ(CodeOf(ReadText("a.csv", "a,a\n1,2\n").status()), ErrorCode::kInvalidArgument);
}

TEST_F(TextTest, CsvThatIsDamaged) {
  EXPECT_EQ(CodeOf(ReadText("a.csv", "a,b\n1,2\n3\n").status()), ErrorCode::kCorruptFile);
  std::string text = "a,b\n";
  for (int i = 0; i < 20'000; ++i) text += "12345,some text\n";
  const auto late = [&](const std::string& row) {
    return ReadText("a.csv", text + row, 4 << 20).status();
  };
  EXPECT_TRUE(late("1,x\n").ok());
  EXPECT_EQ(CodeOf(late("1,2,3\n")), ErrorCode::kCorruptFile);
  EXPECT_EQ(CodeOf(late("1,\xff\xfe\n")), ErrorCode::kCorruptFile) << late("1,\xff\xfe\n");
  const Status misfit = late("1.5,x\n");
  EXPECT_EQ(CodeOf(misfit), ErrorCode::kTypeMismatch) << misfit;
  EXPECT_NE(misfit.message().find("a.csv, in the rows from line "), std::string::npos) << misfit;
  std::string endless = text + "1,\"";
  endless.append(4 << 20, 'x');
  EXPECT_EQ(CodeOf(ReadText("a.csv", endless, 4 << 20).status()), ErrorCode::kTooLarge);
  const std::string packed = Packed(text, arrow::Compression::GZIP);
  EXPECT_EQ(CodeOf(ReadText("a.csv.gz", packed.substr(0, packed.size() / 2)).status()),
            ErrorCode::kCorruptFile);
  EXPECT_EQ(CodeOf(ReadText("a.csv.zst", packed).status()), ErrorCode::kCorruptFile);
  EXPECT_EQ(budget_.used_bytes(), 0);
}

TEST_F(TextTest, NdjsonAsItIsFound) {
  EXPECT_EQ(ReadText("a.ndjson", "").ValueOrDie()->num_columns(), 0);
  EXPECT_EQ(RowsOf(*ReadText("a.ndjson", "{\"a\":1}").ValueOrDie(), "a"), "1\n");
  EXPECT_EQ(
      RowsOf(*ReadText("a.ndjson", "\xef\xbb\xbf{\"a\":1}\r\n\r\n{\"b\":\"x\"}\r\n").ValueOrDie(),
             "b"),
      "null\nx\n");
  const auto times =
      ReadText("a.ndjson", "{\"t\":\"2024-01-02T03:04:05.25Z\"}\n{\"t\":null}\n").ValueOrDie();
  EXPECT_TRUE(times->field(0)->type()->Equals(arrow::timestamp(arrow::TimeUnit::NANO, "UTC")));
  const auto nested = ReadText("a.ndjson", "{\"a\":{\"b\":[1,2]}}\n").ValueOrDie();
  EXPECT_EQ(nested->field(0)->type()->id(), arrow::Type::STRUCT);
}

TEST_F(TextTest, NdjsonThatIsDamaged) {
  EXPECT_EQ(CodeOf(ReadText("a.ndjson", "{\"a\":1}\n{\"a\":\n").status()), ErrorCode::kCorruptFile);
  EXPECT_EQ(CodeOf(ReadText("a.ndjson", "[1,2]\n").status()), ErrorCode::kCorruptFile);
  const Status changed = ReadText("a.ndjson", "{\"a\":1}\n{\"a\":\"x\"}\n").status();
  EXPECT_EQ(CodeOf(changed), ErrorCode::kTypeMismatch) << changed;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "{\"a\":12345,\"b\":\"x\"}\n";
  const auto late = [&](const std::string& row) {
    return ReadText("a.ndjson", text + row, 4 << 20).status();
  };
  EXPECT_TRUE(late("{\"a\":1,\"new\":1}\n").ok());
  EXPECT_EQ(CodeOf(late("{\"a\":1.5}\n")), ErrorCode::kTypeMismatch) << late("{\"a\":1.5}\n");
  EXPECT_EQ(CodeOf(late("{\"a\":\"x\"}\n")), ErrorCode::kTypeMismatch) << late("{\"a\":\"x\"}\n");
  EXPECT_EQ(CodeOf(late("oops\n")), ErrorCode::kCorruptFile);
  EXPECT_EQ(CodeOf(late("{\"b\":\"\xff\xfe\"}\n")), ErrorCode::kCorruptFile);
}

TEST_F(TextTest, ALargeCsvStaysInsideItsLimit) {
  const std::string path = folder_ / "large.csv";
  {
    std::ofstream out(path, std::ios::binary);
    out << "id,value,text\n";
    std::string rows;
    for (int i = 0; i < 1000; ++i) rows += std::to_string(1000 + i) + ",0.125,some words here\n";
    for (int64_t bytes = 0; bytes < 200'000'000; bytes += static_cast<int64_t>(rows.size())) {
      out << rows;
    }
  }
  MemoryBudget budget(int64_t{64} << 20);
  const auto scan = Scan::Open({.paths = {path}, .max_concurrent = 2}, &budget).ValueOrDie();
  auto reader = scan->Open({}).ValueOrDie().reader;
  int64_t rows = 0;
  std::shared_ptr<arrow::RecordBatch> batch;
  do {
    ASSERT_TRUE(reader->ReadNext(&batch).ok());
    if (batch != nullptr) rows += batch->num_rows();
  } while (batch != nullptr);
  EXPECT_GT(rows, 7'000'000);
  EXPECT_EQ(rows % 1000, 0);
  EXPECT_LT(budget.peak_bytes(), int64_t{64} << 20);
}

}  // namespace
}  // namespace headrace
