#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <arrow/compute/expression.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "expr/filter.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "headrace/scan.h"
#include "testing/parquet_files.h"
#include "testing/random_table.h"
#include "testing/temporary_folder.h"

namespace headrace {
namespace {

using testing::RandomTicks;
using testing::TemporaryFolder;
using testing::WriteParquet;

// HEADRACE_MUTATIONS=20000 for a long run.
int NumMutations() {
  const char* text = std::getenv("HEADRACE_MUTATIONS");
  return text != nullptr ? std::atoi(text) : 2000;
}

class DamageTest : public ::testing::Test {
 protected:
  Result<std::shared_ptr<arrow::Table>> Read(const arrow::Buffer& bytes, const std::string& filter,
                                             int threads) {
    ARROW_ASSIGN_OR_RAISE(auto scan,
                          Scan::Open({.paths = {folder_.Write("t.parquet", bytes)},
                                      .max_concurrent = threads,
                                      .chunk_strategy = std::make_shared<FixedChunkStrategy>(100)},
                                     &budget_));
    ReadRequest request;
    if (!filter.empty()) {
      ARROW_ASSIGN_OR_RAISE(auto parsed, expr::ParseFilter(filter, *scan->schema()));
      request.filter = std::make_shared<arrow::compute::Expression>(std::move(parsed));
    }
    ARROW_ASSIGN_OR_RAISE(auto opened, scan->Open(request));
    ARROW_ASSIGN_OR_RAISE(auto table, opened.reader->ToTable());
    ARROW_RETURN_NOT_OK(table->Validate());
    return table;
  }

  TemporaryFolder folder_;
  MemoryBudget budget_{int64_t{64} << 20};
};

std::shared_ptr<arrow::Buffer> Mutate(const arrow::Buffer& bytes, std::mt19937_64& random) {
  std::string text = bytes.ToString();
  const auto below = [&](size_t end) {
    return std::uniform_int_distribution<size_t>(0, end - 1)(random);
  };
  switch (below(5)) {
    case 0: text.resize(below(text.size())); break;                // cut off
    case 1: text.erase(below(text.size()), 1 + below(64)); break;  // a hole
    case 2: text.insert(below(text.size()), 1 + below(64), '\xff'); break;
    default:
      for (size_t i = 1 + below(8); i > 0; --i) {
        // Half of them near the end, where the footer is.
        const size_t at = below(2) ? below(text.size())
                                   : text.size() - 1 - below(std::min<size_t>(text.size(), 4000));
        text[at] = static_cast<char>(below(2) ? text[at] ^ (1 << below(8)) : below(256));
      }
  }
  return arrow::Buffer::FromString(std::move(text));
}

const std::set<ErrorCode> kExpected = {
    ErrorCode::kCorruptFile,    ErrorCode::kIOError,      ErrorCode::kMemoryLimit,
    ErrorCode::kNotImplemented, ErrorCode::kTypeMismatch, ErrorCode::kUnknownName,
    ErrorCode::kInvalidArgument};  // the last two: a name of a column was hit

// A damaged file is refused, or read with as many rows as it says; with checksums what is read is
// what was written. Never a crash, a hang, or a result that is short.
TEST_F(DamageTest, MutatedFilesAreRefusedOrReadWhole) {
  int refused = 0;
  for (int i = 0; i < NumMutations(); ++i) {
    SCOPED_TRACE("mutation " + std::to_string(i));
    std::mt19937_64 random(static_cast<uint64_t>(i));
    const uint32_t seed = static_cast<uint32_t>(i / 50);
    const bool checksums = seed % 2 == 0;
    RandomTicks ticks(seed);
    const auto table = ticks.Make(600);
    parquet::WriterProperties::Builder properties;
    properties.data_pagesize(500)->write_batch_size(50)->compression(
        seed % 3 == 0 ? parquet::Compression::ZSTD : parquet::Compression::UNCOMPRESSED);
    if (checksums) properties.enable_page_checksum();
    if (seed % 4 < 2) properties.enable_write_page_index();
    if (seed % 5 == 0) properties.enable_bloom_filter("sensor", {.ndv = 100, .fpp = 0.05});
    properties.data_page_version(seed % 7 < 3 ? parquet::ParquetDataPageVersion::V1
                                              : parquet::ParquetDataPageVersion::V2);
    const auto bytes = WriteParquet(*table, 250, properties.build());
    const std::string filter = i % 3 == 0 ? "sensor = 'sensor-3' or value > 60" : "";
    const auto rows = Read(*Mutate(*bytes, random), filter, 1 + i % 2);
    if (!rows.ok()) {
      ++refused;
      ASSERT_TRUE(kExpected.contains(CodeOf(rows.status()))) << rows.status();
      ASSERT_NE(rows.status().message(), "");
    } else if (filter.empty() && (*rows)->schema()->Equals(*table->schema(), false)) {
      ASSERT_EQ((*rows)->num_rows(), table->num_rows());
    }
  }
  EXPECT_GT(refused, NumMutations() / 4);
  EXPECT_EQ(budget_.used_bytes(), 0);
}

TEST_F(DamageTest, TheErrorNamesThePlace) {
  const auto table = RandomTicks(1).Make(1000);
  parquet::WriterProperties::Builder properties;
  properties.enable_page_checksum()->compression(parquet::Compression::UNCOMPRESSED);
  auto text = WriteParquet(*table, 400, properties.build())->ToString();
  // In the middle of the first column of the second row group.
  text[text.size() / 3 + 100] ^= 0x55;
  const Status status = Read(*arrow::Buffer::FromString(text), "", 1).status();
  ASSERT_EQ(CodeOf(status), ErrorCode::kCorruptFile) << status;
  ASSERT_EQ(LocationOf(status).size(), 3u) << status;
  EXPECT_EQ(LocationOf(status)[0], folder_ / "t.parquet");
}

TEST_F(DamageTest, AFileThatShrinksWhileItIsRead) {
  const auto table = RandomTicks(2).Make(50'000);
  const auto bytes = WriteParquet(*table, 10'000);
  const std::string path = folder_.Write("t.parquet", *bytes);
  const auto scan = Scan::Open({.paths = {path}, .max_concurrent = 1}, &budget_).ValueOrDie();
  auto reader = scan->Open({}).ValueOrDie().reader;
  std::shared_ptr<arrow::RecordBatch> batch;
  ASSERT_TRUE(reader->ReadNext(&batch).ok());
  std::filesystem::resize_file(path, 20'000);
  Status status;
  do {
    status = reader->ReadNext(&batch);
  } while (status.ok() && batch != nullptr);
  EXPECT_EQ(CodeOf(status), ErrorCode::kCorruptFile) << status;
}

TEST_F(DamageTest, WhatIsNoParquetFile) {
  for (const char* text : {"", "P", "PAR1", "PAR1PAR1", "hello, this is a text of some length"}) {
    const Status status = Read(*arrow::Buffer::FromString(text), "", 1).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kCorruptFile) << text << status;
  }
}

}  // namespace
}  // namespace headrace
