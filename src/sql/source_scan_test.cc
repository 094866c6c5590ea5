#include "sql/source_scan.h"

#include <memory>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "sql/database.h"
#include "sql/session.h"
#include "testing/batches.h"

namespace headrace::sql {
namespace {

using testing::Numbers;

/// Batches that say which columns they were asked for.
class ListSource final : public Source {
 public:
  explicit ListSource(arrow::RecordBatchVector batches) : batches_(std::move(batches)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return batches_[0]->schema(); }
  SourceStatistics statistics() const override { return {}; }
  Result<OpenedSource> Open(const ReadRequest& request) override {
    asked = *request.columns;
    arrow::RecordBatchVector batches;
    for (const auto& batch : batches_) {
      std::vector<int> places;
      for (const auto& name : asked) places.push_back(schema()->GetFieldIndex(name));
      batches.push_back(*batch->SelectColumns(places));
    }
    return OpenedSource{.reader = *arrow::RecordBatchReader::Make(batches),
                        .columns_applied = true};
  }
  std::vector<std::string> asked;

 private:
  const arrow::RecordBatchVector batches_;
};

class SourceScanTest : public ::testing::Test {
 protected:
  SourceScanTest() {
    const auto find = [this](std::string_view name) -> Result<std::shared_ptr<Source>> {
      if (name == "buffers.sensor-data" || name == "numbers") return numbers_;
      if (name == "mixed") return mixed_;
      return MakeError(ErrorCode::kUnknownName, "there is no such source");
    };
    database_ = Database::Open({}, find, &budget_).ValueOrDie();
    session_ = database_->Connect().ValueOrDie();
  }

  Result<std::shared_ptr<arrow::Table>> Rows(const std::string& sql) {
    ARROW_ASSIGN_OR_RAISE(auto outcome, session_->Run({.sql = sql}));
    return outcome.reader->ToTable();
  }

  std::string Cell(const std::string& sql) {
    const auto rows = Rows(sql);
    if (!rows.ok()) return rows.status().ToString();
    return (*rows)->column(0)->GetScalar(0).ValueOrDie()->ToString();
  }

  static std::shared_ptr<ListSource> Mixed() {
    arrow::StringDictionaryBuilder labels;
    arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::NANO, "UTC"),
                                  arrow::default_memory_pool());
    auto items = std::make_shared<arrow::Int32Builder>();
    arrow::ListBuilder lists(arrow::default_memory_pool(), items);
    for (int i = 0; i < 5000; ++i) {
      EXPECT_TRUE((i % 3 == 0 ? labels.AppendNull() : labels.Append(i % 2 ? "odd" : "even")).ok());
      EXPECT_TRUE(times.Append(int64_t{i} * 1'000'000'000).ok());
      EXPECT_TRUE(lists.Append().ok());
      for (int j = 0; j < i % 3; ++j) EXPECT_TRUE(items->Append(i).ok());
    }
    const auto label = *labels.Finish();
    const auto time = *times.Finish();
    const auto list = *lists.Finish();
    const auto schema =
        arrow::schema({arrow::field("label", label->type()), arrow::field("time", time->type()),
                       arrow::field("list", list->type())});
    return std::make_shared<ListSource>(
        arrow::RecordBatchVector{arrow::RecordBatch::Make(schema, 5000, {label, time, list})});
  }

  MemoryBudget budget_{512 << 20};
  std::shared_ptr<ListSource> numbers_ = std::make_shared<ListSource>(arrow::RecordBatchVector{
      Numbers(0, 10'000), Numbers(10'000, 1), Numbers(10'001, 0), Numbers(10'001, 5'000)});
  std::shared_ptr<ListSource> mixed_ = Mixed();
  std::shared_ptr<Database> database_;
  std::shared_ptr<Session> session_;
};

TEST_F(SourceScanTest, ASourceIsATableByEitherName) {
  EXPECT_EQ(Cell("SELECT count(*) FROM numbers"), "15001");
  EXPECT_EQ(Cell("SELECT sum(a)::BIGINT FROM buffers.\"sensor-data\""), "112507500");
  EXPECT_EQ(Cell("SELECT count(b) FROM numbers"), "10000");
  EXPECT_EQ(Cell("SELECT b FROM numbers WHERE a = 14999"), "7499.5");
}

TEST_F(SourceScanTest, OnlyTheColumnsThatAreWantedAreRead) {
  EXPECT_EQ(Cell("SELECT max(b) FROM numbers"), "7499.5");
  EXPECT_EQ(numbers_->asked, std::vector<std::string>{"b"});
  ASSERT_TRUE(Rows("SELECT b, a FROM numbers LIMIT 1").ok());
  EXPECT_EQ(numbers_->asked.size(), 2);
  EXPECT_EQ(Cell("SELECT count(*) FROM numbers"), "15001");
  EXPECT_EQ(numbers_->asked.size(), 1);
}

TEST_F(SourceScanTest, TypesComeThroughDuckdbAndBack) {
  const auto rows = Rows("SELECT label, time, list FROM mixed ORDER BY time").ValueOrDie();
  ASSERT_TRUE(rows->ValidateFull().ok());
  EXPECT_EQ(rows->num_rows(), 5000);
  EXPECT_EQ(rows->column(0)->null_count(), 1667);
  EXPECT_EQ(rows->column(0)->GetScalar(4999).ValueOrDie()->ToString(), "odd");
  EXPECT_EQ(Cell("SELECT count(*) FROM mixed WHERE label = 'even'"), "1666");
  EXPECT_EQ(Cell("SELECT epoch(max(time))::BIGINT FROM mixed"), "4999");
  EXPECT_EQ(Cell("SELECT sum(len(list))::BIGINT FROM mixed"), "4999");
}

TEST_F(SourceScanTest, SourcesJoinTables) {
  ASSERT_TRUE(
      Rows("CREATE TABLE names AS SELECT i AS id, 'n' || i AS name FROM range(100) r(i)").ok());
  EXPECT_EQ(Cell("SELECT count(*) FROM numbers JOIN names ON a = id"), "100");
  EXPECT_EQ(Cell("SELECT count(*) FROM numbers x JOIN numbers y USING (a)"), "15001");
  ASSERT_TRUE(Rows("CREATE VIEW v AS SELECT a FROM numbers WHERE a < 10").ok());
  EXPECT_EQ(Cell("SELECT count(*) FROM v"), "10");
}

TEST_F(SourceScanTest, ATableOfTheDatabaseGoesFirst) {
  ASSERT_TRUE(Rows("CREATE TABLE numbers AS SELECT 1 AS a").ok());
  EXPECT_EQ(Cell("SELECT count(*) FROM numbers"), "1");
}

TEST_F(SourceScanTest, ANameWithAPrefixMeansThatSourceOnly) {
  EXPECT_EQ(CodeOf(Rows("SELECT * FROM buffers.numbers").status()), ErrorCode::kUnknownName);
  EXPECT_EQ(CodeOf(Rows("SELECT * FROM files.\"sensor-data\"").status()), ErrorCode::kUnknownName);
  ASSERT_TRUE(Rows("CREATE TABLE t AS SELECT * FROM buffers.\"sensor-data\"").ok());
  EXPECT_EQ(Cell("SELECT count(*) FROM t"), "15001");
  ASSERT_TRUE(Rows("BEGIN; INSERT INTO t SELECT * FROM buffers.\"sensor-data\"; COMMIT").ok());
  EXPECT_EQ(Cell("SELECT count(*) FROM t"), "30002");
}

TEST_F(SourceScanTest, SourcesAreNotWritten) {
  EXPECT_FALSE(Rows("INSERT INTO numbers VALUES (1, 2)").ok());
  EXPECT_FALSE(Rows("DROP TABLE numbers").ok());
}

}  // namespace
}  // namespace headrace::sql
