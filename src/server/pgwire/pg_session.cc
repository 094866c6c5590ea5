#include "server/pgwire/pg_session.h"

#include <utility>

#include <arrow/array/builder_binary.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "delivery/sql_service.h"
#include "headrace/error_code.h"
#include "server/pgwire/backend_message.h"
#include "server/pgwire/copy.h"
#include "server/pgwire/sql_dialect.h"
#include "server/pgwire/sql_report.h"
#include "sql/sql_tokens.h"
#include "sql/statement_texts.h"

namespace headrace::server::pgwire {
namespace {

constexpr int64_t kMostSettledBytes = 64 << 20;

bool EndsTransaction(const std::optional<SessionCommand>& command) {
  return command &&
         (command->kind == SessionCommand::kCommit || command->kind == SessionCommand::kRollback);
}

}  // namespace

std::string TagOf(std::string_view statement, const sql::Outcome& outcome, int64_t num_rows) {
  const std::string words = CommandTag(statement);
  const int64_t changed = outcome.rows_changed.value_or(num_rows);
  if (words == "INSERT") return fmt::format("INSERT 0 {}", changed);
  if (words == "UPDATE" || words == "DELETE" || words == "COPY" || words == "MERGE") {
    return fmt::format("{} {}", words, changed);
  }
  // A WITH may lead to any of them.
  if (outcome.tag == "INSERT") return fmt::format("INSERT 0 {}", changed);
  if (outcome.tag == "UPDATE" || outcome.tag == "DELETE") {
    return fmt::format("{} {}", outcome.tag, changed);
  }
  return words == "SELECT" ? fmt::format("SELECT {}", num_rows) : words;
}

PgSession::PgSession(Connection* connection, ConnectionContext* shared)
    : connection_(connection), shared_(shared) {}

PgSession::~PgSession() {
  portals_.clear();
  statements_.clear();
}

Result<std::unique_ptr<PgSession>> PgSession::Begin(const StartupRequest& startup,
                                                    Connection* connection,
                                                    ConnectionContext* shared, uint32_t process,
                                                    uint32_t secret) {
  std::unique_ptr<PgSession> session(new PgSession(connection, shared));
  ARROW_RETURN_NOT_OK(session->ApplyStartup(startup));
  ARROW_ASSIGN_OR_RAISE(session->sql_, shared->context.sql->Connect());
  ARROW_RETURN_NOT_OK(session->sql_->Define(SessionMacros(process)));
  std::string& out = connection->output();
  MessageWriter writer(&out);
  writer.Begin('R').Int32(0).End();
  for (const auto& [name, value] : session->settings_.TakeReports()) {
    WriteParameterStatus(name, value, &out);
  }
  writer.Begin('K').Int32(process).Int32(secret).End();
  session->Ready();
  return session;
}

Status PgSession::ApplyStartup(const StartupRequest& startup) {
  std::vector<std::string> unknown;
  std::string user;
  for (const auto& [name, value] : startup.parameters) {
    if (name.starts_with("_pq_.")) {
      unknown.push_back(name);
    } else if (name == "user") {
      user = value;
    } else if (name == "options") {
      ARROW_ASSIGN_OR_RAISE(const auto settings, ReadOptions(value));
      for (const auto& [key, text] : settings) {
        ARROW_RETURN_NOT_OK(settings_.SetDefault(key, text));
      }
    } else if (name != "database" && name != "replication") {
      ARROW_RETURN_NOT_OK(settings_.SetDefault(name, value));
    }
  }
  if (user.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "no PostgreSQL user name specified in startup packet");
  }
  ARROW_RETURN_NOT_OK(settings_.SetDefault("session_authorization", user));
  if (startup.minor > 0 || !unknown.empty()) {
    MessageWriter writer(&connection_->output());
    writer.Begin('v').Int32(3 << 16).Int32(static_cast<int64_t>(unknown.size()));
    for (const std::string& name : unknown) writer.Text(name);
    writer.End();
  }
  return Status::OK();
}

char PgSession::state() const {
  if (!sql_->in_transaction()) return 'I';
  return has_failed_ ? 'E' : 'T';
}

void PgSession::Ready() {
  std::string& out = connection_->output();
  for (const auto& [name, value] : settings_.TakeReports()) {
    WriteParameterStatus(name, value, &out);
  }
  WriteReady(state(), &out);
}

void PgSession::Fail(const Status& status, std::string_view query, std::string_view statement) {
  has_failed_ = sql_->in_transaction();
  WriteError(ReportOf(status, query, statement), &connection_->output());
}

void PgSession::Warn(std::string_view sqlstate, std::string message) {
  WriteNotice(
      {.severity = "WARNING", .sqlstate = sqlstate, .message = std::move(message), .detail = {}},
      &connection_->output());
}

void PgSession::Run() {
  while (const auto message = connection_->Next()) {
    const bool goes_on = Handle(*message);
    connection_->EndStatement();
    if (!goes_on) return;
  }
}

bool PgSession::Handle(const RawMessage& message) {
  if (message.type == 'X') return false;
  if (skips_ && message.type != 'S') return true;
  failed_sql_.clear();
  Status status;
  switch (message.type) {
    case 'Q': Query(message.body); return true;
    case 'S': Sync(); return true;
    case 'H': return connection_->Flush();
    case 'P': status = Parse(message.body); break;
    case 'B': status = Bind(message.body); break;
    case 'D': status = Describe(message.body); break;
    case 'E': status = Execute(message.body); break;
    case 'C': status = Close(message.body); break;
    case 'd':
    case 'c':
    case 'f': return true;  // of a COPY that has failed meanwhile
    case 'F':
      status = MakeError(ErrorCode::kNotImplemented, "function calls are not supported");
      Fail(status);
      Ready();
      return true;
    default:
      WriteError({.severity = "FATAL",
                  .sqlstate = "08P01",
                  .message = "nobody asked for a password",
                  .detail = {}},
                 &connection_->output());
      (void)connection_->Flush();
      return false;
  }
  if (status.ok()) return connection_->FlushIfMuch();
  Fail(status, failed_sql_, failed_sql_);
  skips_ = true;
  return connection_->Flush();
}

Status PgSession::RefuseInFailed(const std::optional<SessionCommand>& command) const {
  if (!has_failed_ || !sql_->in_transaction() || EndsTransaction(command)) return Status::OK();
  return MakeError(ErrorCode::kConflict,
                   "Current transaction is aborted, commands ignored until end of transaction "
                   "block");
}

void PgSession::Settle() {
  for (auto& [name, portal] : portals_) {
    if (portal->rows == nullptr || !portal->failure.ok()) continue;
    portal->failure = portal->rows->Settle(kMostSettledBytes);
  }
}

sql::RunOptions PgSession::Options(std::vector<sql::Parameter> parameters) {
  return {.parameters = std::move(parameters),
          .stop = connection_->BeginStatement(),
          .timeout = settings_.statement_timeout()};
}

void PgSession::Query(std::string_view body) {
  portals_.erase("");
  statements_.erase("");
  const auto read = ReadQuery(body);
  if (!read.ok()) {
    Fail(read.status());
    return Ready();
  }
  const std::string& query = *read;
  std::vector<sql::StatementText> texts = sql::SplitStatements(query);
  if (texts.empty() && !sql::SqlTokens(query).empty()) texts.push_back({.word = {}, .text = query});
  const bool only_ends =
      texts.size() == 1 && texts[0].text.find_first_not_of("; \t\r\n") == std::string_view::npos;
  if (texts.empty() || only_ends) WriteBare('I', &connection_->output());
  for (const sql::StatementText& text : only_ends ? std::vector<sql::StatementText>{} : texts) {
    if (const Status status = RunSimple(text.text); !status.ok()) {
      Fail(status, query, text.text);
      break;
    }
  }
  Ready();
}

Status PgSession::RunSimple(std::string_view statement) {
  ARROW_ASSIGN_OR_RAISE(const auto command, ReadSessionCommand(statement));
  ARROW_RETURN_NOT_OK(RefuseInFailed(command));
  Settle();
  if (command) {
    const auto columns = CommandColumns(*command);
    if (columns.empty()) {
      ARROW_RETURN_NOT_OK(RunCommand(*command));
      if (command->kind != SessionCommand::kCommit) {
        WriteCommandComplete(command->tag, &connection_->output());
      }
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(auto rows, CommandRows(*command));
    return SendRows({.reader = std::move(rows), .rows_changed = {}, .tag = {}, .columns = columns},
                    statement);
  }
  ARROW_ASSIGN_OR_RAISE(const auto copy, ReadCopy(statement));
  if (copy) return copy->is_in ? CopyIn(*copy) : CopyOut(*copy);
  sql::RunOptions options = Options({});
  ARROW_ASSIGN_OR_RAISE(auto outcome, sql_->Run({.sql = ToDuckDialect(statement, {}),
                                                 .parameters = {},
                                                 .stop = options.stop,
                                                 .timeout = options.timeout}));
  return SendRows(std::move(outcome), statement);
}

Status PgSession::SendRows(sql::Outcome outcome, std::string_view statement) {
  std::string& out = connection_->output();
  int64_t count = 0;
  if (!outcome.columns.empty()) {
    WriteRowDescription(outcome.columns, {}, &out);
    RowWriter rows(std::move(outcome.reader), outcome.columns,
                   std::vector<int16_t>(outcome.columns.size(), 0));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool more, rows.WriteRow(&out));
      if (!more) break;
      ++count;
      if (!connection_->FlushIfMuch()) {
        return MakeError(ErrorCode::kCancelled, "the client is gone");
      }
    }
  }
  WriteCommandComplete(TagOf(statement, outcome, count), &out);
  return Status::OK();
}

Status PgSession::RunTransaction(const SessionCommand& command) {
  const bool begins = command.kind == SessionCommand::kBegin;
  const bool was_in = sql_->in_transaction();
  if (begins == was_in) {
    Warn(begins ? "25001" : "25P01", begins ? "there is already a transaction in progress"
                                            : "there is no transaction in progress");
    if (!begins) has_failed_ = false;
    if (command.kind == SessionCommand::kCommit) {
      WriteCommandComplete("COMMIT", &connection_->output());
    }
    return Status::OK();
  }
  // A transaction that has failed can only be rolled back, whatever the client says.
  const bool rolls_back = command.kind == SessionCommand::kCommit && has_failed_;
  if (!begins) portals_.clear();
  sql::RunOptions options = Options({});
  const Status done = sql_->Run({.sql = rolls_back ? "ROLLBACK" : command.sql,
                                 .parameters = {},
                                 .stop = options.stop,
                                 .timeout = options.timeout})
                          .status();
  if (!begins) has_failed_ = false;
  ARROW_RETURN_NOT_OK(done);
  if (command.kind == SessionCommand::kCommit) {
    WriteCommandComplete(rolls_back ? "ROLLBACK" : "COMMIT", &connection_->output());
  }
  return Status::OK();
}

/// Writes no CommandComplete but for COMMIT, whose tag depends on what became of it.
Status PgSession::RunCommand(const SessionCommand& command) {
  switch (command.kind) {
    case SessionCommand::kBegin:
    case SessionCommand::kCommit:
    case SessionCommand::kRollback: return RunTransaction(command);
    case SessionCommand::kResetAll: settings_.ResetAll(); return Status::OK();
    case SessionCommand::kDiscard:
      settings_.ResetAll();
      portals_.clear();
      statements_.clear();
      return Status::OK();
    case SessionCommand::kDeallocate:
      if (command.name.empty()) {
        statements_.clear();
      } else if (statements_.erase(command.name) == 0) {
        return MakeError(ErrorCode::kInvalidArgument,
                         fmt::format("prepared statement \"{}\" does not exist", command.name));
      }
      return Status::OK();
    case SessionCommand::kSet: {
      if (command.name == "schema" || command.name == "search_path") {
        std::string path = command.value.value_or("main");
        std::string quoted;
        for (const char c : path) quoted += c == '\'' ? std::string("''") : std::string(1, c);
        ARROW_RETURN_NOT_OK(sql_->Run({.sql = fmt::format("SET search_path = '{}'", quoted),
                                       .parameters = {},
                                       .stop = {},
                                       .timeout = {}})
                                .status());
        return settings_.Set("search_path", std::move(path));
      }
      return settings_.Set(command.name, command.value);
    }
    default: return Status::OK();
  }
}

std::vector<sql::Column> PgSession::CommandColumns(const SessionCommand& command) {
  if (command.kind != SessionCommand::kShow) return {};
  const sql::ColumnType text{.id = DUCKDB_TYPE_VARCHAR};
  if (command.name == "all") return {{"name", text}, {"setting", text}};
  return {{command.name, text}};
}

Result<std::shared_ptr<arrow::RecordBatchReader>> PgSession::CommandRows(
    const SessionCommand& command) {
  arrow::StringBuilder names;
  arrow::StringBuilder values;
  arrow::FieldVector fields{arrow::field("setting", arrow::utf8())};
  arrow::ArrayVector columns;
  const bool all = command.name == "all";
  if (all) {
    for (const auto& [name, value] : settings_.All()) {
      ARROW_RETURN_NOT_OK(names.Append(name));
      ARROW_RETURN_NOT_OK(values.Append(value));
    }
    fields.insert(fields.begin(), arrow::field("name", arrow::utf8()));
    columns.push_back(names.Finish().ValueOrDie());
  } else {
    ARROW_ASSIGN_OR_RAISE(const auto value, settings_.Show(command.name));
    ARROW_RETURN_NOT_OK(values.Append(value));
  }
  columns.push_back(values.Finish().ValueOrDie());
  const int64_t num_rows = columns[0]->length();
  const auto schema = arrow::schema(fields);
  return arrow::RecordBatchReader::Make({arrow::RecordBatch::Make(schema, num_rows, columns)},
                                        schema);
}

}  // namespace headrace::server::pgwire
