#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/status.h"
#include "server/pgwire/connection.h"
#include "server/pgwire/frontend_message.h"
#include "server/pgwire/row_writer.h"
#include "server/pgwire/session_command.h"
#include "server/pgwire/session_settings.h"
#include "sql/session.h"

namespace headrace::server::pgwire {

struct CopyRequest;

/// What a client and the database say to each other: simple queries, statements and portals, COPY.
///
///   'Q' ─▶ rows… ─▶ 'Z'                         an error in between: 'E', then 'Z'
///   'P' 'B' 'D' 'E' … 'S' ─▶ 1 2 T D… C … 'Z'    an error in between: 'E', nothing until 'S'
///
/// Thread rule: that of Connection::Run().
class PgSession {
 public:
  /// Answers the startup packet, up to ReadyForQuery.
  static Result<std::unique_ptr<PgSession>> Begin(const StartupRequest& startup,
                                                  Connection* connection, ConnectionContext* shared,
                                                  uint32_t process, uint32_t secret);
  ~PgSession();

  /// Until the connection ends.
  void Run();

 private:
  /// A prepared statement of the client's.
  struct Statement {
    std::string sql;                          // as the client gave it
    std::optional<SessionCommand> command;    // what the session does itself
    std::shared_ptr<sql::Prepared> prepared;  // null for a command and an empty statement
    std::vector<uint32_t> types;              // of the parameters
    std::vector<sql::Column> columns;
    bool is_empty = false;
  };
  struct Portal {
    std::shared_ptr<Statement> statement;
    std::vector<sql::Parameter> parameters;
    std::vector<int16_t> formats;     // one for each column
    std::unique_ptr<RowWriter> rows;  // once it was executed
    std::string tag;                  // likewise: what its CommandComplete says
    int64_t num_rows = 0;
    bool was_executed = false;
    Status failure;  // of rows that could not be kept
  };

  PgSession(Connection* connection, ConnectionContext* shared);

  Status ApplyStartup(const StartupRequest& startup);
  bool Handle(const RawMessage& message);

  // Simple queries.
  void Query(std::string_view body);
  Status RunSimple(std::string_view statement);
  Status SendRows(sql::Outcome outcome, std::string_view statement);
  Status CopyOut(const CopyRequest& request);
  Status CopyIn(const CopyRequest& request);

  // The extended protocol.
  Status Parse(std::string_view body);
  Status Bind(std::string_view body);
  Status Describe(std::string_view body);
  Status Execute(std::string_view body);
  Status Close(std::string_view body);
  void Sync();
  Status Start(Portal* portal);
  Status Fetch(Portal* portal, int32_t max_rows);

  // What both have in common.
  Status RunCommand(const SessionCommand& command);
  Status RunTransaction(const SessionCommand& command);
  /// The rows that a command answers with: of SHOW.
  Result<std::shared_ptr<arrow::RecordBatchReader>> CommandRows(const SessionCommand& command);
  static std::vector<sql::Column> CommandColumns(const SessionCommand& command);
  Status RefuseInFailed(const std::optional<SessionCommand>& command) const;
  /// Portals whose rows are still to come get them now, for DuckDB gives those of one statement.
  void Settle();
  sql::RunOptions Options(std::vector<sql::Parameter> parameters);
  void Fail(const Status& status, std::string_view query = {}, std::string_view statement = {});
  void Warn(std::string_view sqlstate, std::string message);
  void Ready();
  char state() const;

  Connection* const connection_;
  ConnectionContext* const shared_;
  std::shared_ptr<sql::Session> sql_;
  SessionSettings settings_;
  std::map<std::string, std::shared_ptr<Statement>> statements_;
  std::map<std::string, std::unique_ptr<Portal>> portals_;
  bool has_failed_ = false;  // in a transaction, which has to be rolled back
  bool skips_ = false;       // until the next Sync
  std::string failed_sql_;   // of the message that is handled, for positions
};

/// "INSERT 0 5", "SELECT 7", "CREATE TABLE".
std::string TagOf(std::string_view statement, const sql::Outcome& outcome, int64_t num_rows);

}  // namespace headrace::server::pgwire
