#include "sql/session.h"

#include <algorithm>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "sql/database_impl.h"
#include "sql/duck_error.h"
#include "sql/result_rows.h"
#include "sql/source_names.h"
#include "sql/statement_texts.h"

namespace headrace::sql {
namespace {

using Clock = Watchdog::Clock;
// Where nobody said how long to wait for other writers.
constexpr std::chrono::seconds kWriterWait{30};

/// Whether a statement of this kind changes nothing that others see.
bool OnlyReads(duckdb_statement_type type) {
  switch (type) {
    case DUCKDB_STATEMENT_TYPE_SELECT:
    case DUCKDB_STATEMENT_TYPE_EXPLAIN:
    case DUCKDB_STATEMENT_TYPE_PREPARE:
    case DUCKDB_STATEMENT_TYPE_TRANSACTION:
    case DUCKDB_STATEMENT_TYPE_VARIABLE_SET:
    case DUCKDB_STATEMENT_TYPE_PRAGMA:
    case DUCKDB_STATEMENT_TYPE_SET:
    case DUCKDB_STATEMENT_TYPE_RELATION:
    case DUCKDB_STATEMENT_TYPE_LOGICAL_PLAN: return true;
    default: return false;
  }
}

const char* TagOf(duckdb_statement_type type) {
  switch (type) {
    case DUCKDB_STATEMENT_TYPE_INSERT: return "INSERT";
    case DUCKDB_STATEMENT_TYPE_UPDATE: return "UPDATE";
    case DUCKDB_STATEMENT_TYPE_DELETE: return "DELETE";
    case DUCKDB_STATEMENT_TYPE_EXPLAIN: return "EXPLAIN";
    case DUCKDB_STATEMENT_TYPE_PREPARE: return "PREPARE";
    case DUCKDB_STATEMENT_TYPE_CREATE:
    case DUCKDB_STATEMENT_TYPE_CREATE_FUNC: return "CREATE";
    case DUCKDB_STATEMENT_TYPE_EXECUTE: return "EXECUTE";
    case DUCKDB_STATEMENT_TYPE_ALTER: return "ALTER";
    case DUCKDB_STATEMENT_TYPE_TRANSACTION: return "TRANSACTION";
    case DUCKDB_STATEMENT_TYPE_COPY: return "COPY";
    case DUCKDB_STATEMENT_TYPE_DROP: return "DROP";
    case DUCKDB_STATEMENT_TYPE_SET:
    case DUCKDB_STATEMENT_TYPE_VARIABLE_SET: return "SET";
    default: return "SELECT";
  }
}

duckdb_state BindTo(duckdb_prepared_statement prepared, idx_t place, const Parameter& parameter) {
  struct Binder {
    duckdb_prepared_statement prepared;
    idx_t place;
    duckdb_state operator()(std::monostate) const { return duckdb_bind_null(prepared, place); }
    duckdb_state operator()(bool value) const {
      return duckdb_bind_boolean(prepared, place, value);
    }
    duckdb_state operator()(int64_t value) const {
      return duckdb_bind_int64(prepared, place, value);
    }
    duckdb_state operator()(double value) const {
      return duckdb_bind_double(prepared, place, value);
    }
    duckdb_state operator()(const std::string& value) const {
      return duckdb_bind_varchar_length(prepared, place, value.data(), value.size());
    }
  };
  return std::visit(Binder{prepared, place}, parameter);
}

Status BindAll(duckdb_prepared_statement prepared, const std::vector<Parameter>& parameters) {
  const idx_t wanted = duckdb_nparams(prepared);
  if (wanted != parameters.size()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("the statement has {} parameters, and {} values were given",
                                 wanted, parameters.size()),
                     {"parameters"});
  }
  for (idx_t i = 0; i < wanted; ++i) {
    if (BindTo(prepared, i + 1, parameters[i]) == DuckDBSuccess) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("parameter {} cannot be bound", i + 1),
                     {"parameters", std::to_string(i)});
  }
  return Status::OK();
}

}  // namespace

struct Session::Impl {
  std::shared_ptr<Database> database;
  Database::Impl* shared = nullptr;
  DuckConnection connection;
  bool writes = false;          // the right to write is held
  bool in_transaction = false;  // begun by BEGIN and not ended
  bool is_fresh = false;        // it has run nothing yet

  ~Impl() {
    connection = DuckConnection();  // a transaction that is open is rolled back before others write
    EndWriting();
  }

  void EndWriting() {
    if (std::exchange(writes, false)) shared->writer.release();
  }

  Status BeginAnew() {
    DuckResult result;
    if (duckdb_query(connection.get(), "ROLLBACK; BEGIN", &result.get()) == DuckDBSuccess) {
      return Status::OK();
    }
    return DuckFailure(duckdb_result_error(&result.get()));
  }

  /// Waits for the right to write, looking up now and then.
  Status BeginWriting(const Statement& statement, Clock::time_point deadline) {
    constexpr std::chrono::milliseconds kLook{10};
    while (!writes) {
      if (statement.stop != nullptr && *statement.stop) {
        return MakeError(ErrorCode::kCancelled, "cancelled while another statement was writing");
      }
      if (Clock::now() >= deadline) {
        return MakeError(ErrorCode::kTimeout,
                         "other statements were writing all the time; try again later");
      }
      writes = shared->writer.try_acquire_for(kLook);
      // What it sees is as old as its BEGIN: what was written meanwhile would be a conflict.
      if (writes && is_fresh) ARROW_RETURN_NOT_OK(BeginAnew());
    }
    return Status::OK();
  }

  /// What a statement that was run makes of the transaction: a COMMIT may fail, and then it is over
  /// as well.
  void EndStatement(std::string_view word, bool ok) {
    is_fresh = false;
    if (word == "begin" || word == "start") {
      is_fresh = ok && !in_transaction;
      in_transaction = in_transaction || ok;
    } else if (word == "commit" || word == "end" || word == "rollback" || word == "abort") {
      in_transaction = false;
    }
    if (!in_transaction) EndWriting();
  }
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

Result<std::shared_ptr<Session>> Session::Open(std::shared_ptr<Database> database) {
  auto impl = std::make_unique<Impl>();
  impl->shared = database->impl_.get();
  impl->database = std::move(database);
  if (duckdb_connect(impl->shared->duck.get(), impl->connection.out()) != DuckDBSuccess) {
    return MakeError(ErrorCode::kUnavailable, "the database gives no further connection");
  }
  return std::shared_ptr<Session>(new Session(std::move(impl)));
}

void Session::Interrupt() { duckdb_interrupt(impl_->connection.get()); }

Result<Outcome> Session::Run(Statement statement) {
  Impl& own = *impl_;
  const Clock::time_point begin = Clock::now();
  std::optional<Clock::time_point> deadline;
  if (statement.timeout) deadline = begin + *statement.timeout;
  auto watch = own.shared->watchdog.Begin({.connection = own.connection.get(),
                                           .stop = statement.stop,
                                           .deadline = deadline,
                                           .timed_out = false});
  DuckStatements statements;
  const idx_t count =
      duckdb_extract_statements(own.connection.get(), statement.sql.c_str(), statements.out());
  if (count == 0) {
    const char* const failure = duckdb_extract_statements_error(statements.get());
    if (failure != nullptr) return DuckFailure(failure);
    return MakeError(ErrorCode::kSyntaxError, "there is no statement", {"sql"});
  }
  const std::vector<StatementText> texts = SplitStatements(statement.sql);
  if (texts.size() != count) {
    return MakeError(ErrorCode::kNotImplemented, "the text cannot be split into its statements");
  }
  for (idx_t i = 0; i < count; ++i) {
    const bool last = i + 1 == count;
    const SourceNames names(own.shared->names.get(), texts[i].text, own.shared->find);
    DuckPrepared prepared;
    if (duckdb_prepare_extracted_statement(own.connection.get(), statements.get(), i,
                                           prepared.out()) != DuckDBSuccess) {
      return DuckFailure(duckdb_prepare_error(prepared.get()));
    }
    const auto type = duckdb_prepared_statement_type(prepared.get());
    if (!OnlyReads(type)) {
      if (own.shared->read_only) {
        return MakeError(ErrorCode::kPermissionDenied, "the database is read only");
      }
      ARROW_RETURN_NOT_OK(own.BeginWriting(statement, deadline.value_or(begin + kWriterWait)));
    }
    ARROW_RETURN_NOT_OK(
        BindAll(prepared.get(), last ? statement.parameters : std::vector<Parameter>{}));
    auto rows = std::make_shared<ResultRows>(shared_from_this(), own.shared->budget);
    const bool streams = OnlyReads(type);
    const duckdb_state state =
        streams ? duckdb_execute_prepared_streaming(prepared.get(), &rows->result())
                : duckdb_execute_prepared(prepared.get(), &rows->result());
    const bool ok = state == DuckDBSuccess;
    own.EndStatement(texts[i].word, ok);
    if (!ok) {
      if (watch.timed_out()) {
        return MakeError(
            ErrorCode::kTimeout,
            fmt::format("the statement was not done in {} ms", statement.timeout->count()),
            {"timeout_ms"});
      }
      return DuckFailure(duckdb_result_error_type(&rows->result()),
                         duckdb_result_error(&rows->result()));
    }
    if (!last) continue;
    Outcome outcome{.reader = nullptr, .rows_changed = std::nullopt, .tag = TagOf(type)};
    if (duckdb_result_return_type(rows->result()) == DUCKDB_RESULT_TYPE_CHANGED_ROWS) {
      outcome.rows_changed = static_cast<int64_t>(duckdb_rows_changed(&rows->result()));
    }
    if (duckdb_result_return_type(rows->result()) == DUCKDB_RESULT_TYPE_QUERY_RESULT) {
      ARROW_RETURN_NOT_OK(rows->Begin(std::move(watch), statement.timeout));
      outcome.reader = std::move(rows);
    } else {
      ARROW_ASSIGN_OR_RAISE(outcome.reader, arrow::RecordBatchReader::Make({}, arrow::schema({})));
    }
    return outcome;
  }
  return MakeError(ErrorCode::kInternal, "no statement was the last one");
}

}  // namespace headrace::sql
