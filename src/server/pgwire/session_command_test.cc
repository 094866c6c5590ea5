#include "server/pgwire/session_command.h"

#include <string>

#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "server/pgwire/copy.h"
#include "server/pgwire/copy_rows.h"
#include "server/pgwire/pg_type.h"
#include "server/pgwire/session_settings.h"
#include "server/pgwire/sql_dialect.h"
#include "server/pgwire/sql_report.h"

namespace headrace::server::pgwire {
namespace {

SessionCommand Read(std::string_view sql) {
  auto command = ReadSessionCommand(sql).ValueOrDie();
  EXPECT_TRUE(command.has_value()) << sql;
  return command.value_or(SessionCommand{});
}

TEST(ReadSessionCommand, TellsItsOwnFromTheExecutors) {
  EXPECT_EQ(Read("SET hatidata_request_id = 'a b'").value, "a b");
  EXPECT_EQ(Read("set session datestyle to ISO, MDY").value, "ISO, MDY");
  EXPECT_EQ(Read("SET a.b TO DEFAULT").value, std::nullopt);
  EXPECT_EQ(Read("SET TIME ZONE 'UTC'").name, "timezone");
  EXPECT_EQ(Read("SHOW transaction isolation level").name, "transaction_isolation");
  EXPECT_EQ(Read("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY").sql,
            "BEGIN TRANSACTION READ ONLY");
  EXPECT_EQ(Read("start transaction;").tag, "START TRANSACTION");
  EXPECT_EQ(Read("DEALLOCATE ALL").tag, "DEALLOCATE ALL");
  for (const std::string_view sql :
       {"SHOW TABLES", "SHOW ALL TABLES", "SET VARIABLE x = 1", "SELECT 1", "-- set a = 1"}) {
    EXPECT_FALSE(ReadSessionCommand(sql).ValueOrDie().has_value()) << sql;
  }
  EXPECT_EQ(CodeOf(ReadSessionCommand("SAVEPOINT a").status()), ErrorCode::kNotImplemented);
}

TEST(CommandTag, NamesWhatIsMade) {
  EXPECT_EQ(CommandTag("create or replace temp table t (i int)"), "CREATE TABLE");
  EXPECT_EQ(CommandTag("DROP SCHEMA s CASCADE"), "DROP SCHEMA");
  EXPECT_EQ(CommandTag("/* x */ (SELECT 1)"), "SELECT");
  EXPECT_EQ(CommandTag("WITH a AS (SELECT 1) FROM a"), "SELECT");
}

TEST(SessionSettings, KeepsReportsAndResets) {
  SessionSettings settings;
  ASSERT_TRUE(settings.SetDefault("Application_Name", "psql").ok());
  EXPECT_FALSE(settings.TakeReports().empty());
  EXPECT_TRUE(settings.TakeReports().empty());
  ASSERT_TRUE(settings.Set("application_name", "other").ok());
  EXPECT_EQ(settings.TakeReports().size(), 1);
  ASSERT_TRUE(settings.Set("application_name", std::nullopt).ok());
  EXPECT_EQ(*settings.Show("APPLICATION_NAME"), "psql");
  ASSERT_TRUE(settings.Set("statement_timeout", "2s").ok());
  EXPECT_EQ(settings.statement_timeout(), std::chrono::milliseconds(2000));
  EXPECT_FALSE(settings.Set("statement_timeout", "soon").ok());
  EXPECT_TRUE(settings.Set("client_encoding", "'utf-8'").ok());
  EXPECT_FALSE(settings.Set("client_encoding", "LATIN1").ok());
  EXPECT_FALSE(settings.Set("no_such_setting", "1").ok());
  EXPECT_FALSE(settings.Set("server_version", "9").ok());
  EXPECT_TRUE(settings.Set("hatidata_agent_id", "a").ok());
}

TEST(ToDuckDialect, CastsDeclaredParametersAndSpellsPgCatalog) {
  const uint32_t types[] = {kInt2, 0, 1007};
  EXPECT_EQ(ToDuckDialect("SELECT $1, $2, $3, '$1'", types),
            "SELECT CAST($1 AS SMALLINT), $2, CAST($3 AS INTEGER[]), '$1'");
  EXPECT_EQ(ToDuckDialect("select pg_catalog.version()", {}), "select version()");
  EXPECT_EQ(ToDuckDialect("a OPERATOR(pg_catalog.~) 'x' COLLATE pg_catalog.default", {}),
            "a ~ 'x' ");
  EXPECT_EQ(ToDuckDialect("'x'::pg_catalog.text", {}), "'x'::text");
  EXPECT_EQ(ToDuckDialect("SELECT 'pg_catalog.version()' -- $1", types),
            "SELECT 'pg_catalog.version()' -- $1");
}

TEST(ReportOf, PointsIntoTheWholeQuery) {
  const std::string query = "SELECT 'é';\n SELECT * FROM nope";
  const std::string_view statement = std::string_view(query).substr(query.find(';') + 1);
  const Status status = MakeError(
      ErrorCode::kUnknownName,
      "Catalog Error: Table with name nope does not exist!\n\nLINE 2:  SELECT * FROM nope\n"
      "                       ^");
  const Report report = ReportOf(status, query, statement);
  EXPECT_EQ(report.sqlstate, "42P01");
  EXPECT_EQ(report.message, "Catalog Error: Table with name nope does not exist!");
  EXPECT_EQ(report.position, 28);
  EXPECT_EQ(ReportOf(status).position, 0);
}

TEST(ReadCopy, ReadsBothDirections) {
  const auto out = *ReadCopy("COPY t (a, b) TO STDOUT WITH (FORMAT csv, HEADER, DELIMITER ';')");
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->source, "SELECT a, b FROM t");
  EXPECT_EQ(out->delimiter, ';');
  EXPECT_TRUE(out->header);
  const auto in = *ReadCopy("copy \"a t\"(x) from stdin");
  ASSERT_TRUE(in.has_value());
  EXPECT_EQ(in->source, "\"a t\"(x)");
  EXPECT_EQ((*ReadCopy("COPY (SELECT (1)) TO STDOUT (FORMAT binary)"))->source, "SELECT (1)");
  EXPECT_FALSE(ReadCopy("COPY t TO 'file.csv'")->has_value());
  EXPECT_FALSE(ReadCopy("COPY t TO STDOUT (FORMAT parquet)").ok());
}

TEST(CopyParser, RowsComeHoweverTheDataIsCut) {
  const CopyRequest csv{
      .is_in = true, .source = {}, .format = CopyRequest::kCsv, .delimiter = ',', .null = ""};
  const std::string data = "1,\"a\nb\"\"\",\n2,,\"\"\r\n3,x,y";
  for (size_t cut = 0; cut <= data.size(); ++cut) {
    CopyParser parser(csv);
    std::vector<CopyParser::Row> rows;
    for (const auto& [part, end] :
         {std::pair(data.substr(0, cut), false), std::pair(data.substr(cut), true)}) {
      parser.Add(part);
      while (const auto row = parser.Next(end).ValueOrDie()) rows.push_back(*row);
    }
    ASSERT_EQ(rows.size(), 3) << cut;
    EXPECT_EQ(rows[0], (CopyParser::Row{"1", "a\nb\"", std::nullopt})) << cut;
    EXPECT_EQ(rows[1], (CopyParser::Row{"2", std::nullopt, ""})) << cut;
    EXPECT_EQ(rows[2], (CopyParser::Row{"3", "x", "y"})) << cut;
  }
}

TEST(CopyParser, TextIsWhatWriteCopyFieldWrote) {
  const CopyRequest text{.is_in = true, .source = {}};
  std::string data;
  const std::string value = "tab\t, line\n, back\\slash, \\N";
  WriteCopyField(text, value, &data);
  CopyParser parser(text);
  parser.Add(data + "\t\\N\n\\.\nignored\n");
  EXPECT_EQ(*parser.Next(false).ValueOrDie(), (CopyParser::Row{value, std::nullopt}));
  EXPECT_FALSE(parser.Next(true).ValueOrDie().has_value());
}

}  // namespace
}  // namespace headrace::server::pgwire
