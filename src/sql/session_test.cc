#include "sql/session.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "sql/database.h"
#include "testing/temporary_folder.h"

namespace headrace::sql {
namespace {

using namespace std::chrono_literals;

Result<std::shared_ptr<Source>> FindNothing(std::string_view) {
  return MakeError(ErrorCode::kUnknownName, "there is nothing");
}

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : database_(Open({})), session_(database_->Connect().ValueOrDie()) {}

  std::shared_ptr<Database> Open(const DatabaseOptions& options) {
    return Database::Open(options, FindNothing, &budget_).ValueOrDie();
  }

  Result<std::shared_ptr<arrow::Table>> Rows(const std::string& sql,
                                             std::vector<Parameter> parameters = {}) {
    ARROW_ASSIGN_OR_RAISE(auto outcome,
                          session_->Run({.sql = sql, .parameters = std::move(parameters)}));
    return outcome.reader->ToTable();
  }

  std::string Cell(const std::string& sql, std::vector<Parameter> parameters = {}) {
    const auto rows = Rows(sql, std::move(parameters));
    if (!rows.ok()) return rows.status().message();
    return (*rows)->column(0)->GetScalar(0).ValueOrDie()->ToString();
  }

  ErrorCode Failure(const std::string& sql, std::vector<Parameter> parameters = {}) {
    const auto rows = Rows(sql, std::move(parameters));
    EXPECT_FALSE(rows.ok()) << sql;
    return rows.ok() ? ErrorCode::kInternal : CodeOf(rows.status());
  }

  int64_t Changed(Session& session, const std::string& sql) {
    auto outcome = session.Run({.sql = sql});
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    return outcome.ok() ? outcome->rows_changed.value_or(-1) : -2;
  }

  MemoryBudget budget_{512 << 20};
  std::shared_ptr<Database> database_;
  std::shared_ptr<Session> session_;
};

TEST_F(SessionTest, GivesRowsAsArrow) {
  const auto rows = Rows(
                        "SELECT i::INTEGER AS i, i / 2.0 AS d, 'x' || i AS s, i % 2 = 0 AS b, "
                        "TIMESTAMP '2024-01-02 03:04:05' AS t, [i, i + 1] AS l, {'a': i} AS r, "
                        "NULL::DATE AS n, 1.25::DECIMAL(10, 2) AS m FROM range(5000) AS t(i)")
                        .ValueOrDie();
  EXPECT_EQ(rows->num_rows(), 5000);
  ASSERT_TRUE(rows->ValidateFull().ok());
  const std::vector<std::string> types = {"int32",
                                          "double",
                                          "string",
                                          "bool",
                                          "timestamp[us]",
                                          "list<l: int64>",
                                          "struct<a: int64>",
                                          "date32[day]",
                                          "decimal128(10, 2)"};
  for (int i = 0; i < rows->num_columns(); ++i) {
    EXPECT_EQ(rows->field(i)->type()->ToString(), types[static_cast<size_t>(i)]) << i;
  }
  EXPECT_EQ(rows->column(2)->GetScalar(4999).ValueOrDie()->ToString(), "x4999");
  EXPECT_EQ(rows->column(7)->null_count(), 5000);
}

TEST_F(SessionTest, StreamsTheFirstRowsBeforeTheLastExist) {
  auto outcome = session_->Run({.sql = "SELECT i FROM range(100000000000) AS t(i)"}).ValueOrDie();
  std::shared_ptr<arrow::RecordBatch> batch;
  int64_t rows = 0;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(outcome.reader->ReadNext(&batch).ok());
    ASSERT_NE(batch, nullptr);
    rows += batch->num_rows();
  }
  EXPECT_GT(rows, 100'000);
}

TEST_F(SessionTest, BindsParameters) {
  EXPECT_EQ(Cell("SELECT ? + 1", {int64_t{41}}), "42");
  EXPECT_EQ(Cell("SELECT $1::DOUBLE * 2", {1.5}), "3");
  EXPECT_EQ(Cell("SELECT ? || ?", {std::string("it's"), std::string(" ;--")}), "it's ;--");
  EXPECT_EQ(Cell("SELECT ? IS NULL", {std::monostate{}}), "true");
  EXPECT_EQ(Cell("SELECT ? AND true", {false}), "false");
  EXPECT_EQ(Failure("SELECT ?"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Failure("SELECT 1", {int64_t{1}}), ErrorCode::kInvalidArgument);
}

TEST_F(SessionTest, TellsWhatWasChanged) {
  EXPECT_EQ(Changed(*session_, "CREATE TABLE t (id INTEGER PRIMARY KEY, v DOUBLE)"), -1);
  EXPECT_EQ(Changed(*session_, "INSERT INTO t SELECT i, i FROM range(10) AS r(i)"), 10);
  EXPECT_EQ(Changed(*session_, "UPDATE t SET v = 0 WHERE id < 4"), 4);
  EXPECT_EQ(Changed(*session_, "DELETE FROM t WHERE id = 9"), 1);
  EXPECT_EQ(Changed(*session_, "INSERT INTO t VALUES (1, 5) ON CONFLICT (id) DO UPDATE SET v = 5"),
            1);
  EXPECT_EQ(Cell("SELECT sum(v) FROM t"), "35");
  const auto returned = Rows("INSERT INTO t VALUES (100, 1) RETURNING id").ValueOrDie();
  EXPECT_EQ(returned->num_rows(), 1);
}

TEST_F(SessionTest, FailuresHaveTheirCode) {
  ASSERT_TRUE(Rows("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)").ok());
  EXPECT_EQ(Failure("SELEC 1"), ErrorCode::kSyntaxError);
  EXPECT_EQ(Failure(""), ErrorCode::kSyntaxError);
  EXPECT_EQ(Failure("SELECT * FROM nowhere"), ErrorCode::kUnknownName);
  EXPECT_EQ(Failure("SELECT nothing FROM t"), ErrorCode::kUnknownColumn);
  EXPECT_EQ(Failure("SELECT 'x'::INTEGER"), ErrorCode::kTypeMismatch);
  EXPECT_EQ(Failure("INSERT INTO t VALUES (1)"), ErrorCode::kConstraintViolation);
  EXPECT_EQ(Failure("CREATE TABLE t (x INTEGER)"), ErrorCode::kNameExists);
  const Status wrong = Rows("SELECT 1\n FROM FROM").status();
  EXPECT_EQ(CodeOf(wrong), ErrorCode::kSyntaxError);
  const auto location = LocationOf(wrong);
  ASSERT_EQ(location.size(), 3);
  EXPECT_EQ(location[1], "2");
  // The connection goes on.
  EXPECT_EQ(Cell("SELECT 7"), "7");
}

TEST_F(SessionTest, ReachesNothingOutside) {
  EXPECT_EQ(Failure("SELECT * FROM read_csv('/etc/passwd')"), ErrorCode::kPermissionDenied);
  EXPECT_EQ(Failure("COPY (SELECT 1) TO '/tmp/headrace-should-not-exist.csv'"),
            ErrorCode::kPermissionDenied);
  EXPECT_EQ(Failure("ATTACH '/tmp/headrace-should-not-exist.db'"), ErrorCode::kPermissionDenied);
  EXPECT_FALSE(Rows("INSTALL httpfs").ok());
  EXPECT_FALSE(Rows("LOAD '/tmp/x.duckdb_extension'").ok());
  EXPECT_FALSE(Rows("SET enable_external_access = true").ok());
  EXPECT_FALSE(Rows("SET memory_limit = '1TB'").ok());
  EXPECT_FALSE(Rows("SET lock_configuration = false").ok());
}

TEST_F(SessionTest, ReachesTheDirectoriesThatAreAllowed) {
  const testing::TemporaryFolder folder;
  const std::string directory = folder.path();
  database_.reset();
  session_.reset();
  database_ = Open({.directories = {directory}});
  session_ = database_->Connect().ValueOrDie();
  ASSERT_TRUE(Rows("COPY (SELECT 42 AS x) TO '" + directory + "/x.parquet'").ok());
  EXPECT_EQ(Cell("SELECT x FROM '" + directory + "/x.parquet'"), "42");
  EXPECT_EQ(Failure("SELECT * FROM read_csv('/etc/passwd')"), ErrorCode::kPermissionDenied);
}

TEST_F(SessionTest, EndsWhenTheTimeIsUpOrTheCallerLeaves) {
  const std::string endless =
      "SELECT count(*) FROM range(10000000) a(x), range(10000000) b(y) WHERE x * y % 7 = 3";
  const auto late = session_->Run({.sql = endless, .timeout = 50ms});
  EXPECT_EQ(CodeOf(late.ok() ? late->reader->ToTable().status() : late.status()),
            ErrorCode::kTimeout);
  auto stop = std::make_shared<std::atomic<bool>>(false);
  std::thread leaver([&] {
    std::this_thread::sleep_for(50ms);
    *stop = true;
  });
  const auto left = session_->Run({.sql = endless, .stop = stop});
  EXPECT_EQ(CodeOf(left.ok() ? left->reader->ToTable().status() : left.status()),
            ErrorCode::kCancelled);
  leaver.join();
  EXPECT_EQ(Cell("SELECT 1"), "1");
}

TEST_F(SessionTest, WritersWaitForEachOther) {
  ASSERT_TRUE(
      Rows("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 0)").ok());
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const auto session = database_->Connect().ValueOrDie();
      for (int i = 0; i < 50; ++i) {
        const bool in_transaction = i % 2 == 0;
        const auto done = session->Run(
            {.sql = in_transaction ? "BEGIN; UPDATE t SET n = n + 1 WHERE id = 1; COMMIT"
                                   : "UPDATE t SET n = n + 1 WHERE id = 1"});
        if (!done.ok()) ++failed;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(Cell("SELECT n FROM t"), "200");
}

TEST_F(SessionTest, ATransactionThatIsLeftOpenEndsWithItsSession) {
  ASSERT_TRUE(Rows("CREATE TABLE t (id INTEGER)").ok());
  auto other = database_->Connect().ValueOrDie();
  ASSERT_TRUE(other->Run({.sql = "BEGIN; INSERT INTO t VALUES (1)"}).ok());
  const auto waits = session_->Run({.sql = "INSERT INTO t VALUES (2)", .timeout = 30ms});
  EXPECT_EQ(CodeOf(waits.status()), ErrorCode::kTimeout);
  other.reset();
  EXPECT_TRUE(session_->Run({.sql = "INSERT INTO t VALUES (3)", .timeout = 5s}).ok());
  EXPECT_EQ(Cell("SELECT sum(id)::INTEGER FROM t"), "3");
}

TEST_F(SessionTest, TablesOutliveARestartAndReadOnlyChangesNothing) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.path() + "/data.duckdb";
  session_.reset();
  database_.reset();
  {
    const auto database = Open({.path = path});
    const auto session = database->Connect().ValueOrDie();
    EXPECT_EQ(Changed(*session, "CREATE TABLE t AS SELECT 42 AS x"), -1);
  }
  const auto database = Open({.path = path, .read_only = true});
  session_ = database->Connect().ValueOrDie();
  EXPECT_EQ(Cell("SELECT x FROM t"), "42");
  EXPECT_EQ(Failure("INSERT INTO t VALUES (1)"), ErrorCode::kPermissionDenied);
  EXPECT_EQ(Failure("CREATE TABLE u (x INTEGER)"), ErrorCode::kPermissionDenied);
}

TEST_F(SessionTest, HoldsItsShareOfTheBudget) {
  EXPECT_GE(budget_.used_bytes(), 200 << 20);
  session_.reset();
  database_.reset();
  EXPECT_EQ(budget_.used_bytes(), 0);
  MemoryBudget small(8 << 20);
  EXPECT_EQ(CodeOf(Database::Open({}, FindNothing, &small).status()), ErrorCode::kMemoryLimit);
}

TEST_F(SessionTest, ADatabaseThatCannotBeOpenedIsNamed) {
  const auto absent = Database::Open({.path = "/no/such/folder/x.duckdb"}, FindNothing, &budget_);
  EXPECT_EQ(CodeOf(absent.status()), ErrorCode::kBadConfig);
  EXPECT_NE(absent.status().message().find("/no/such/folder"), std::string::npos);
}

TEST_F(SessionTest, APreparedStatementTellsItsTypesAndRunsAgain) {
  const auto prepared =
      session_->Prepare("SELECT $1::INTEGER + 1 AS a, $2::DECIMAL(5,2) AS d, [$1::BIGINT] AS l");
  ASSERT_TRUE(prepared.ok()) << prepared.status().ToString();
  ASSERT_EQ((*prepared)->parameters().size(), 2);
  EXPECT_EQ((*prepared)->parameters()[1].scale, 2);
  ASSERT_EQ((*prepared)->columns().size(), 3);
  EXPECT_EQ((*prepared)->columns()[0].name, "a");
  EXPECT_EQ((*prepared)->columns()[0].type.id, DUCKDB_TYPE_INTEGER);
  EXPECT_EQ((*prepared)->columns()[2].type.children.at(0).id, DUCKDB_TYPE_BIGINT);
  for (const int64_t value : {1, 41}) {
    auto outcome = session_->Run(**prepared, {.parameters = {value, std::string("1.5")}});
    ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
    const auto rows = outcome->reader->ToTable().ValueOrDie();
    EXPECT_EQ(rows->column(0)->GetScalar(0).ValueOrDie()->ToString(), std::to_string(value + 1));
  }
}

TEST_F(SessionTest, PreparingRunsNothing) {
  ASSERT_EQ(Changed(*session_, "CREATE TABLE once (i INTEGER)"), -1);
  const auto insert = session_->Prepare("INSERT INTO once VALUES ($1)");
  ASSERT_TRUE(insert.ok()) << insert.status().ToString();
  EXPECT_FALSE((*insert)->gives_rows());
  EXPECT_EQ(Cell("SELECT count(*) FROM once"), "0");
  EXPECT_EQ(session_->Run(**insert, {.parameters = {int64_t{7}}})->rows_changed, 1);
  EXPECT_EQ(Cell("SELECT sum(i) FROM once"), "7");
  EXPECT_EQ(CodeOf(session_->Run(**insert, {}).status()), ErrorCode::kInvalidArgument);
  EXPECT_TRUE((*session_->Prepare("INSERT INTO once VALUES (1) RETURNING i"))->gives_rows());
  EXPECT_EQ(CodeOf(session_->Prepare("SELECT 1; SELECT 2").status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(session_->Prepare("SELECT * FROM nope").status()), ErrorCode::kUnknownName);
}

}  // namespace
}  // namespace headrace::sql
