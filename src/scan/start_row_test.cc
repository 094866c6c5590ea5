// Reading from the middle of a scan on, with the numbers of rows.

#include <memory>
#include <string>
#include <vector>

#include <arrow/array/array_primitive.h>
#include <arrow/compute/api.h>
#include <arrow/compute/expression.h>
#include <arrow/csv/writer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "expr/filter.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "headrace/scan.h"
#include "testing/batches.h"
#include "testing/parquet_files.h"
#include "testing/temporary_folder.h"

namespace headrace {
namespace {

using testing::FirstColumn;
using testing::Numbers;
using testing::TemporaryFolder;

constexpr int64_t kRowsOfFile = 1000;

std::shared_ptr<arrow::Table> TableOf(int64_t begin) {
  return arrow::Table::FromRecordBatches({Numbers(begin, kRowsOfFile)}).ValueOrDie();
}

std::shared_ptr<arrow::Buffer> WriteArrow(const arrow::Table& table) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto writer = arrow::ipc::MakeFileWriter(sink, table.schema()).ValueOrDie();
  EXPECT_TRUE(writer->WriteTable(table, 170).ok());
  EXPECT_TRUE(writer->Close().ok());
  return sink->Finish().ValueOrDie();
}

std::shared_ptr<arrow::Buffer> WriteCsv(const arrow::Table& table) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  EXPECT_TRUE(arrow::csv::WriteCSV(table, arrow::csv::WriteOptions::Defaults(), sink.get()).ok());
  return sink->Finish().ValueOrDie();
}

// Column `a` of all files together is the number of the row.
class StartRow : public ::testing::TestWithParam<int> {
 protected:
  std::shared_ptr<Scan> Open(bool with_text = false) {
    folder_.Write("0.parquet", *testing::WriteParquet(*TableOf(0), 300));
    folder_.Write("1.arrow", *WriteArrow(*TableOf(kRowsOfFile)));
    const auto index = parquet::WriterProperties::Builder()
                           .enable_write_page_index()
                           ->data_pagesize(512)
                           ->write_batch_size(16)
                           ->build();
    folder_.Write("2.parquet", *testing::WriteParquet(*TableOf(2 * kRowsOfFile), 450, index));
    if (with_text) folder_.Write("3.csv", *WriteCsv(*TableOf(3 * kRowsOfFile)));
    return Scan::Open({.paths = {folder_.path()}, .max_concurrent = GetParam()}, &budget_)
        .ValueOrDie();
  }

  MemoryBudget budget_{1 << 28};
  TemporaryFolder folder_;
};

TEST_P(StartRow, GivesWhatLiesBehind) {
  const auto scan = Open();
  for (const int64_t start : {0, 1, 299, 300, 301, 999, 1000, 1169, 1170, 1999, 2000, 2460, 2999}) {
    for (const int64_t limit : {1, 7, 500, 5000}) {
      auto opened = scan->Open({.columns = {{"a"}}, .start_row = start, .limit = limit});
      ASSERT_TRUE(opened.ok()) << opened.status();
      EXPECT_TRUE(opened->start_applied && opened->limit_applied);
      EXPECT_EQ(opened->first_row, start);
      EXPECT_EQ(opened->end_row, 3000);
      const auto table = opened->reader->ToTable().ValueOrDie();
      std::vector<int64_t> expected;
      for (int64_t row = start; row < std::min<int64_t>(3000, start + limit); ++row) {
        expected.push_back(row);
      }
      EXPECT_EQ(FirstColumn(*table), expected) << start << " + " << limit;
    }
  }
  const auto none = scan->Open({.start_row = 3000}).ValueOrDie().reader->ToTable().ValueOrDie();
  EXPECT_EQ(none->num_rows(), 0);
}

TEST_P(StartRow, NumbersTheRowsThatAFilterLeaves) {
  const auto scan = Open();
  for (const std::string text : {"a % 7 = 3", "b is null", "a between 1100 and 2100", "a >= 0"}) {
    const auto filter = std::make_shared<arrow::compute::Expression>(
        expr::ParseFilter(text, *scan->schema()).ValueOrDie());
    for (const int64_t start : {0, 450, 1300, 2500}) {
      for (const std::vector<std::string>& columns : {std::vector<std::string>{"b"}, {}}) {
        auto opened = scan->Open(
            {.columns = columns, .filter = filter, .start_row = start, .row_number_column = "row"});
        ASSERT_TRUE(opened.ok()) << opened.status();
        EXPECT_TRUE(opened->rows_numbered);
        const auto table = opened->reader->ToTable().ValueOrDie();
        const auto expected = scan->Open({.columns = {{"a"}}, .filter = filter, .start_row = start})
                                  .ValueOrDie()
                                  .reader->ToTable()
                                  .ValueOrDie();
        EXPECT_EQ(FirstColumn(*table->SelectColumns({table->num_columns() - 1}).ValueOrDie()),
                  FirstColumn(*expected))
            << text;
      }
    }
  }
}

TEST_P(StartRow, DoesNotReadWhatLiesBefore) {
  const auto scan = Open();
  const auto all = scan->Explain({}).ValueOrDie();
  const auto last = scan->Explain({.start_row = 2950}).ValueOrDie();
  EXPECT_EQ(all.num_rows, last.num_rows);
  EXPECT_EQ(all.num_row_groups, last.num_row_groups);
  EXPECT_EQ(last.read_row_groups, 1);
}

TEST_P(StartRow, BehindTextIsLeftToTheCaller) {
  const auto scan = Open(true);
  auto opened = scan->Open({.columns = {{"a"}}, .start_row = 3500, .limit = 1}).ValueOrDie();
  EXPECT_FALSE(opened.start_applied || opened.limit_applied);
  EXPECT_EQ(opened.reader->ToTable().ValueOrDie()->num_rows(), 4000);
  EXPECT_FALSE(scan->Open({.row_number_column = "row"}).ValueOrDie().rows_numbered);
  // What lies before the text is as it was.
  opened = scan->Open({.columns = {{"a"}}, .start_row = 2999, .limit = 2}).ValueOrDie();
  EXPECT_TRUE(opened.start_applied);
  EXPECT_EQ(FirstColumn(*opened.reader->ToTable().ValueOrDie()),
            (std::vector<int64_t>{2999, 3000}));
}

TEST_P(StartRow, RefusesANumberColumnOfATakenName) {
  const auto opened = Open()->Open({.row_number_column = "a"});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(CodeOf(opened.status()), ErrorCode::kInvalidArgument);
}

TEST_P(StartRow, StopsWhenAskedTo) {
  const auto stop = std::make_shared<std::atomic<bool>>(true);
  const auto rows = Open()->Open({.stop = stop}).ValueOrDie().reader->ToTable();
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(CodeOf(rows.status()), ErrorCode::kCancelled);
}

INSTANTIATE_TEST_SUITE_P(Threads, StartRow, ::testing::Values(1, 3));

}  // namespace
}  // namespace headrace
