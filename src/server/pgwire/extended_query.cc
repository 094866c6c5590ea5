// The extended protocol of PgSession: statements and portals.

#include <utility>

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/pgwire/backend_message.h"
#include "server/pgwire/parameter_value.h"
#include "server/pgwire/pg_session.h"
#include "server/pgwire/sql_dialect.h"
#include "server/pgwire/type_introspection.h"
#include "sql/sql_tokens.h"

namespace headrace::server::pgwire {
namespace {

constexpr size_t kMostNames = 4096;

Status NoSuch(std::string_view what, std::string_view name) {
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("{} \"{}\" does not exist", what, name));
}

/// The type of a parameter, for a client that has not declared it.
uint32_t TypeOf(const sql::ColumnType& type) {
  return type.id == DUCKDB_TYPE_INVALID ? uint32_t{kText} : WireTypeOf(type).oid();
}

}  // namespace

Status PgSession::Parse(std::string_view body) {
  ARROW_ASSIGN_OR_RAISE(auto message, ReadParse(body));
  failed_sql_ = message.sql;
  if (!message.statement.empty() && statements_.contains(message.statement)) {
    return MakeError(ErrorCode::kNameExists,
                     fmt::format("prepared statement \"{}\" already exists", message.statement));
  }
  if (statements_.size() >= kMostNames) {
    return MakeError(ErrorCode::kTooLarge,
                     fmt::format("a session has at most {} prepared statements", kMostNames));
  }
  auto made = std::make_shared<Statement>();
  made->sql = std::move(message.sql);
  ARROW_ASSIGN_OR_RAISE(made->command, ReadSessionCommand(made->sql));
  ARROW_RETURN_NOT_OK(RefuseInFailed(made->command));
  const auto tokens = sql::SqlTokens(made->sql);
  made->is_empty = tokens.empty() || (tokens.size() == 1 && tokens[0].Is(";"));
  if (made->command) {
    made->columns = CommandColumns(*made->command);
  } else if (!made->is_empty) {
    Settle();
    const auto introspection = TypeIntrospection(made->sql);
    if (introspection) message.types = {kOidArray};
    ARROW_ASSIGN_OR_RAISE(
        made->prepared,
        sql_->Prepare(introspection ? *introspection : ToDuckDialect(made->sql, message.types)));
    made->columns = made->prepared->columns();
    const auto& parameters = made->prepared->parameters();
    bool is_unsure = false;
    for (size_t i = 0; i < parameters.size(); ++i) {
      const uint32_t declared = i < message.types.size() ? message.types[i] : 0;
      made->types.push_back(declared != 0 && declared != kUnknown ? declared
                                                                  : TypeOf(parameters[i]));
      is_unsure = is_unsure || parameters[i].id == DUCKDB_TYPE_INVALID;
    }
    // DuckDB tells nothing of the rows while one type is open. PostgreSQL takes such a parameter
    // for text: if the statement can be read that way, so is it here.
    if (is_unsure && made->prepared->gives_rows()) {
      auto sure = sql_->Prepare(ToDuckDialect(made->sql, made->types, true));
      if (sure.ok()) {
        made->prepared = *std::move(sure);
        made->columns = made->prepared->columns();
      }
    }
  }
  statements_[message.statement] = std::move(made);
  WriteBare('1', &connection_->output());
  return Status::OK();
}

Status PgSession::Bind(std::string_view body) {
  ARROW_ASSIGN_OR_RAISE(const auto message, ReadBind(body));
  const auto found = statements_.find(message.statement);
  if (found == statements_.end()) return NoSuch("prepared statement", message.statement);
  const auto& statement = found->second;
  ARROW_RETURN_NOT_OK(RefuseInFailed(statement->command));
  if (!message.portal.empty() && portals_.contains(message.portal)) {
    return MakeError(ErrorCode::kNameExists,
                     fmt::format("portal \"{}\" already exists", message.portal));
  }
  if (portals_.size() >= kMostNames) {
    return MakeError(ErrorCode::kTooLarge,
                     fmt::format("a session has at most {} portals", kMostNames));
  }
  if (message.values.size() != statement->types.size()) {
    return MakeError(
        ErrorCode::kMalformedBody,
        fmt::format(
            "bind message supplies {} parameters, but prepared statement \"{}\" requires {}",
            message.values.size(), message.statement, statement->types.size()));
  }
  auto portal = std::make_unique<Portal>();
  portal->statement = statement;
  ARROW_ASSIGN_OR_RAISE(portal->formats,
                        FormatsOf(message.result_formats, statement->columns.size()));
  for (size_t i = 0; i < message.values.size(); ++i) {
    if (!message.values[i]) {
      portal->parameters.emplace_back(std::monostate());
      continue;
    }
    const int format =
        message.formats.empty() ? 0 : message.formats[message.formats.size() == 1 ? 0 : i];
    ARROW_ASSIGN_OR_RAISE(auto value,
                          ReadParameter(statement->types[i], format, *message.values[i]));
    portal->parameters.push_back(std::move(value));
  }
  portals_[message.portal] = std::move(portal);
  WriteBare('2', &connection_->output());
  return Status::OK();
}

Status PgSession::Describe(std::string_view body) {
  ARROW_ASSIGN_OR_RAISE(const auto message, ReadNamed(body));
  std::string& out = connection_->output();
  const std::vector<sql::Column>* columns = nullptr;
  std::vector<int16_t> formats;
  if (message.kind == 'S') {
    const auto found = statements_.find(message.name);
    if (found == statements_.end()) return NoSuch("prepared statement", message.name);
    const Statement& statement = *found->second;
    MessageWriter writer(&out);
    writer.Begin('t').Int16(static_cast<int>(statement.types.size()));
    for (const uint32_t type : statement.types) writer.Int32(type);
    writer.End();
    columns = &statement.columns;
  } else {
    const auto found = portals_.find(message.name);
    if (found == portals_.end()) return NoSuch("portal", message.name);
    columns = &found->second->statement->columns;
    formats = found->second->formats;
  }
  if (columns->empty()) {
    WriteBare('n', &out);
  } else {
    WriteRowDescription(*columns, formats, &out);
  }
  return Status::OK();
}

Status PgSession::Start(Portal* portal) {
  const Statement& statement = *portal->statement;
  portal->was_executed = true;
  if (statement.command) {
    if (statement.columns.empty()) return RunCommand(*statement.command);
    ARROW_ASSIGN_OR_RAISE(auto rows, CommandRows(*statement.command));
    portal->rows = std::make_unique<RowWriter>(std::move(rows), statement.columns, portal->formats);
    return Status::OK();
  }
  Settle();
  ARROW_ASSIGN_OR_RAISE(auto outcome,
                        sql_->Run(*statement.prepared, Options(std::move(portal->parameters))));
  portal->tag = TagOf(statement.sql, outcome, 0);
  if (statement.columns.empty() || outcome.columns.empty()) return Status::OK();
  if (outcome.columns.size() != statement.columns.size()) {
    return MakeError(ErrorCode::kNotImplemented, "cached plan must not change result type");
  }
  // What was described is kept to: a value whose type was not known then is text.
  std::vector<sql::Column> columns = std::move(outcome.columns);
  std::vector<int16_t> formats = portal->formats;
  for (size_t i = 0; i < columns.size(); ++i) {
    const uint32_t described = WireTypeOf(statement.columns[i].type).oid();
    if (described == WireTypeOf(columns[i].type).oid()) continue;
    if (described != kText) {
      return MakeError(ErrorCode::kNotImplemented, "cached plan must not change result type");
    }
    formats[i] = 0;
  }
  portal->rows = std::make_unique<RowWriter>(std::move(outcome.reader), std::move(columns),
                                             std::move(formats));
  return Status::OK();
}

Status PgSession::Fetch(Portal* portal, int32_t max_rows) {
  ARROW_RETURN_NOT_OK(portal->failure);
  std::string& out = connection_->output();
  int64_t count = 0;
  while (max_rows <= 0 || count < max_rows) {
    ARROW_ASSIGN_OR_RAISE(const bool more, portal->rows->WriteRow(&out));
    if (!more) break;
    ++count;
    if (!connection_->FlushIfMuch()) {
      return MakeError(ErrorCode::kCancelled, "the client is gone");
    }
  }
  portal->num_rows += count;
  if (max_rows > 0 && count == max_rows) {
    WriteBare('s', &out);
    return Status::OK();
  }
  const Statement& statement = *portal->statement;
  WriteCommandComplete(
      statement.command ? statement.command->tag : TagOf(statement.sql, {}, portal->num_rows),
      &out);
  return Status::OK();
}

Status PgSession::Execute(std::string_view body) {
  ARROW_ASSIGN_OR_RAISE(const auto message, ReadExecute(body));
  const auto found = portals_.find(message.portal);
  if (found == portals_.end()) return NoSuch("portal", message.portal);
  // A COMMIT does away with all portals: what is used of this one is kept.
  const auto statement = found->second->statement;
  failed_sql_ = statement->sql;
  ARROW_RETURN_NOT_OK(RefuseInFailed(statement->command));
  std::string& out = connection_->output();
  if (statement->is_empty) {
    WriteBare('I', &out);
    return Status::OK();
  }
  if (statement->command && statement->columns.empty()) {
    const SessionCommand command = *statement->command;
    ARROW_RETURN_NOT_OK(RunCommand(command));
    if (command.kind != SessionCommand::kCommit) WriteCommandComplete(command.tag, &out);
    return Status::OK();
  }
  Portal* const portal = found->second.get();
  if (!portal->was_executed) {
    ARROW_RETURN_NOT_OK(Start(portal));
  } else if (portal->rows == nullptr) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("portal \"{}\" cannot be run", message.portal));
  }
  if (portal->rows != nullptr) return Fetch(portal, message.max_rows);
  WriteCommandComplete(portal->tag, &out);
  return Status::OK();
}

Status PgSession::Close(std::string_view body) {
  ARROW_ASSIGN_OR_RAISE(const auto message, ReadNamed(body));
  if (message.kind == 'S') {
    statements_.erase(message.name);
  } else {
    portals_.erase(message.name);
  }
  WriteBare('3', &connection_->output());
  return Status::OK();
}

void PgSession::Sync() {
  skips_ = false;
  if (!sql_->in_transaction()) portals_.clear();
  Ready();
}

}  // namespace headrace::server::pgwire
