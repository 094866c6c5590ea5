#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <arrow/array/concatenate.h>
#include <arrow/compute/api.h>
#include <arrow/compute/expression.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
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

using testing::ExpectSame;
using testing::RandomTicks;
using testing::TemporaryFolder;

struct IpcLook {
  bool stream = false;
  int64_t batch_rows = 1000;
  arrow::Compression::type compression = arrow::Compression::UNCOMPRESSED;
  bool deltas = false;
};

std::shared_ptr<arrow::Buffer> WriteIpc(const arrow::Table& table, const IpcLook& look) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  if (look.compression != arrow::Compression::UNCOMPRESSED) {
    options.codec = arrow::util::Codec::Create(look.compression).ValueOrDie();
  }
  options.emit_dictionary_deltas = look.deltas;
  const auto writer = (look.stream ? arrow::ipc::MakeStreamWriter(sink, table.schema(), options)
                                   : arrow::ipc::MakeFileWriter(sink, table.schema(), options))
                          .ValueOrDie();
  EXPECT_TRUE(writer->WriteTable(table, look.batch_rows).ok());
  EXPECT_TRUE(writer->Close().ok());
  return sink->Finish().ValueOrDie();
}

class IpcTest : public ::testing::Test {
 protected:
  Result<std::shared_ptr<arrow::Table>> Read(ScanOptions options, const std::string& filter = "",
                                             ReadRequest request = {}) {
    return testing::ScanRows(std::move(options), filter, std::move(request), &budget_);
  }

  TemporaryFolder folder_;
  MemoryBudget budget_{int64_t{64} << 20};
};

TEST_F(IpcTest, GivesTheRowsThatParquetGives) {
  const auto table = RandomTicks(1).Make(5000);
  const std::string parquet = folder_.Write("t.parquet", *testing::WriteParquet(*table, 1000));
  const std::vector<IpcLook> looks = {
      {},
      {.stream = true},
      {.batch_rows = 7},
      {.compression = arrow::Compression::ZSTD},
      {.stream = true, .batch_rows = 300, .compression = arrow::Compression::LZ4_FRAME}};
  for (const auto& look : looks) {
    const std::string path =
        folder_.Write(look.stream ? "t.arrows" : "t.arrow", *WriteIpc(*table, look));
    for (const char* filter : {"", "value > 50", "sensor = 'sensor-3'", "count is null and flag",
                               "ts > timestamp '2023-11-14 22:40:00'", "id = -1"}) {
      SCOPED_TRACE(filter);
      const auto expected = Read({.paths = {parquet}}, filter).ValueOrDie();
      ExpectSame(*Read({.paths = {path}, .max_concurrent = 2}, filter).ValueOrDie(), *expected);
      const auto some =
          Read({.paths = {path}}, filter, {.columns = {{"note", "value"}}, .limit = 100})
              .ValueOrDie();
      ExpectSame(*some, *expected->SelectColumns({6, 3}).ValueOrDie()->Slice(0, 100));
    }
  }
  EXPECT_EQ(budget_.used_bytes(), 0);
}

TEST_F(IpcTest, KnowsItsRows) {
  const auto table = RandomTicks(1).Make(2500);
  const std::string path = folder_.Write("t.feather", *WriteIpc(*table, {}));
  const auto scan = Scan::Open({.paths = {path}}, &budget_).ValueOrDie();
  EXPECT_EQ(scan->statistics().num_rows, 2500);
  const auto explained = scan->Explain({}).ValueOrDie();
  EXPECT_EQ(explained.num_row_groups, 3);
  EXPECT_EQ(explained.read_rows, 2500);
  // A stream in a file of the other name is read as what it is.
  folder_.Write("t.feather", *WriteIpc(*table, {.stream = true}));
  EXPECT_EQ(Read({.paths = {path}}).ValueOrDie()->num_rows(), 2500);
  EXPECT_EQ(
      Read({.paths = {path}}, "", {.columns = std::vector<std::string>{}}).ValueOrDie()->num_rows(),
      2500);
}

TEST_F(IpcTest, DictionariesAreColumnsOfTheirValues) {
  const auto table = RandomTicks(3).Make(3000)->SelectColumns({2, 1}).ValueOrDie();
  for (const bool stream : {false, true}) {
    for (const auto& index : {arrow::int8(), arrow::int32()}) {
      // Dictionaries that grow from batch to batch.
      arrow::RecordBatchVector batches;
      std::shared_ptr<arrow::Array> all =
          arrow::compute::DictionaryEncode(table->column(0)).ValueOrDie().chunked_array()->chunk(0);
      const auto type = arrow::dictionary(index, arrow::utf8());
      const auto encoded = arrow::compute::Cast(*all, type).ValueOrDie();
      const auto by_dictionary = table
                                     ->SetColumn(0, arrow::field("sensor", type),
                                                 std::make_shared<arrow::ChunkedArray>(encoded))
                                     .ValueOrDie();
      const std::string path = folder_.Write(
          stream ? "d.arrows" : "d.arrow",
          *WriteIpc(*by_dictionary, {.stream = stream, .batch_rows = 500, .deltas = true}));
      ExpectSame(*Read({.paths = {path}}).ValueOrDie(), *table);
      EXPECT_EQ(Read({.paths = {path}}, "sensor = 'sensor-3'").ValueOrDie()->num_rows(),
                Read({.paths = {folder_.Write("p.parquet", *testing::WriteParquet(*table, 500))}},
                     "sensor = 'sensor-3'")
                    .ValueOrDie()
                    ->num_rows());
      const auto kept =
          Read({.paths = {path}}, "", {.dictionary_columns = {"sensor"}}).ValueOrDie();
      EXPECT_EQ(kept->field(0)->type()->id(), arrow::Type::DICTIONARY);
    }
  }
}

TEST_F(IpcTest, ABatchThatDoesNotFitIsRefusedWithItsSize) {
  const auto table = RandomTicks(1).Make(100'000);
  const std::string path = folder_.Write("t.arrow", *WriteIpc(*table, {.batch_rows = 100'000}));
  const Status status = Read({.paths = {path}, .memory_limit_bytes = 2 << 20}).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kMemoryLimit);
  EXPECT_NE(status.message().find("needs at least"), std::string::npos) << status;
  // One column of it fits.
  const auto scan = Scan::Open({.paths = {path}, .memory_limit_bytes = 4 << 20}, &budget_);
  EXPECT_TRUE((*scan)->Open({.columns = {{"flag"}}}).ok());
}

TEST_F(IpcTest, MutatedFilesAreRefusedOrReadWhole) {
  const std::set<ErrorCode> expected = {ErrorCode::kCorruptFile,    ErrorCode::kMemoryLimit,
                                        ErrorCode::kIOError,        ErrorCode::kNotImplemented,
                                        ErrorCode::kUnknownName,    ErrorCode::kTypeMismatch,
                                        ErrorCode::kInvalidArgument};
  int refused = 0;
  for (int i = 0; i < 500; ++i) {
    SCOPED_TRACE("mutation " + std::to_string(i));
    std::mt19937_64 random(static_cast<uint64_t>(i));
    const auto below = [&](size_t end) {
      return std::uniform_int_distribution<size_t>(0, end - 1)(random);
    };
    const bool stream = i % 2 == 0;
    std::string bytes = WriteIpc(*RandomTicks(static_cast<uint32_t>(i / 20)).Make(300),
                                 {.stream = stream,
                                  .batch_rows = 100,
                                  .compression = i % 3 == 0 ? arrow::Compression::ZSTD
                                                            : arrow::Compression::UNCOMPRESSED})
                            ->ToString();
    switch (below(5)) {
      case 0: bytes.resize(below(bytes.size())); break;
      case 1: bytes.erase(below(bytes.size()), 1 + below(64)); break;
      default:
        for (size_t hits = 1 + below(20); hits > 0; --hits) {
          bytes[below(bytes.size())] ^= static_cast<char>(1 << below(8));
        }
    }
    const std::string path =
        folder_.Write(stream ? "m.arrows" : "m.arrow", *arrow::Buffer::FromString(bytes));
    const auto rows = Read({.paths = {path}}, i % 3 == 0 ? "value > 60" : "");
    if (rows.ok()) continue;
    ++refused;
    ASSERT_TRUE(expected.contains(CodeOf(rows.status()))) << rows.status();
  }
  EXPECT_GT(refused, 50);
  EXPECT_EQ(budget_.used_bytes(), 0);
}

TEST_F(IpcTest, WhatIsNoArrowFile) {
  for (const char* text : {"", "A", "ARROW1", "ARROW1ARROW1", "this is a text of some length"}) {
    const std::string path = folder_.Write("t.arrow", *arrow::Buffer::FromString(text));
    const Status status = Read({.paths = {path}}).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kCorruptFile) << text << status;
    EXPECT_EQ(LocationOf(status).front(), path);
  }
}

}  // namespace
}  // namespace headrace
