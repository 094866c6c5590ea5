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

/// Whether a statement of this kind answers with rows; those that change something only if asked.
bool GivesRows(duckdb_statement_type type, std::string_view sql) {
  switch (type) {
    case DUCKDB_STATEMENT_TYPE_SELECT:
    case DUCKDB_STATEMENT_TYPE_EXPLAIN:
    case DUCKDB_STATEMENT_TYPE_EXECUTE:
    case DUCKDB_STATEMENT_TYPE_PRAGMA:
    case DUCKDB_STATEMENT_TYPE_CALL:
    case DUCKDB_STATEMENT_TYPE_RELATION:
    case DUCKDB_STATEMENT_TYPE_LOGICAL_PLAN: return true;
    case DUCKDB_STATEMENT_TYPE_INSERT:
    case DUCKDB_STATEMENT_TYPE_UPDATE:
    case DUCKDB_STATEMENT_TYPE_DELETE: return HasWord(sql, "returning");
    default: return false;
  }
}

std::vector<Column> ColumnsOf(duckdb_result* result) {
  std::vector<Column> columns;
  for (idx_t i = 0; i < duckdb_column_count(result); ++i) {
    const DuckType type(duckdb_column_logical_type(result, i));
    columns.push_back({duckdb_column_name(result, i), ColumnType::Of(type.get())});
  }
  return columns;
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

  Watchdog::Watch Watch(const RunOptions& options, Clock::time_point begin) {
    std::optional<Clock::time_point> deadline;
    if (options.timeout) deadline = begin + *options.timeout;
    return shared->watchdog.Begin({.connection = connection.get(),
                                   .stop = options.stop,
                                   .deadline = deadline,
                                   .timed_out = false});
  }

  Status BeginAnew() {
    DuckResult result;
    if (duckdb_query(connection.get(), "ROLLBACK; BEGIN", &result.get()) == DuckDBSuccess) {
      return Status::OK();
    }
    return DuckFailure(duckdb_result_error(&result.get()));
  }

  /// Waits for the right to write, looking up now and then.
  Status BeginWriting(const RunOptions& statement, Clock::time_point deadline) {
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

Status Session::Define(const std::string& sql) {
  DuckResult result;
  if (duckdb_query(impl_->connection.get(), sql.c_str(), &result.get()) == DuckDBSuccess) {
    return Status::OK();
  }
  return DuckFailure(duckdb_result_error(&result.get()));
}

bool Session::in_transaction() const noexcept { return impl_->in_transaction; }

struct Session::Step {
  duckdb_prepared_statement prepared = nullptr;
  std::string_view word;  // its first
  Watchdog::Watch watch;
  Clock::time_point begin;
};

struct Prepared::Impl {
  std::string sql;
  std::string word;
  DuckPrepared handle;
  std::vector<ColumnType> parameters;
  std::vector<Column> columns;
  bool gives_rows = false;
};

Prepared::Prepared(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Prepared::~Prepared() = default;
const std::vector<ColumnType>& Prepared::parameters() const noexcept { return impl_->parameters; }
const std::vector<Column>& Prepared::columns() const noexcept { return impl_->columns; }
bool Prepared::gives_rows() const noexcept { return impl_->gives_rows; }

Result<std::shared_ptr<Prepared>> Session::Prepare(const std::string& sql) {
  Impl& own = *impl_;
  const std::vector<StatementText> texts = SplitStatements(sql);
  if (texts.size() > 1) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "several statements cannot be prepared at once; give them one by one",
                     {"sql"});
  }
  auto made = std::make_unique<Prepared::Impl>();
  made->sql = sql;
  if (!texts.empty()) made->word = texts[0].word;
  const SourceNames names(own.shared->names.get(), made->sql, own.shared->find);
  if (duckdb_prepare(own.connection.get(), made->sql.c_str(), made->handle.out()) !=
      DuckDBSuccess) {
    return DuckFailure(duckdb_prepare_error(made->handle.get()));
  }
  const duckdb_prepared_statement handle = made->handle.get();
  for (idx_t i = 1; i <= duckdb_nparams(handle); ++i) {
    made->parameters.push_back(
        ColumnType::Of(DuckType(duckdb_param_logical_type(handle, i)).get()));
  }
  made->gives_rows = GivesRows(duckdb_prepared_statement_type(handle), made->sql);
  const idx_t count = made->gives_rows ? duckdb_prepared_statement_column_count(handle) : 0;
  for (idx_t i = 0; i < count; ++i) {
    const char* const name = duckdb_prepared_statement_column_name(handle, i);
    const DuckType type(duckdb_prepared_statement_column_logical_type(handle, i));
    made->columns.push_back({name != nullptr ? name : "", ColumnType::Of(type.get())});
    duckdb_free(const_cast<char*>(name));
  }
  return std::shared_ptr<Prepared>(new Prepared(std::move(made)));
}

Result<Outcome> Session::Run(Prepared& prepared, RunOptions options) {
  const SourceNames names(impl_->shared->names.get(), prepared.impl_->sql, impl_->shared->find);
  const Clock::time_point begin = Clock::now();
  return RunStep({.prepared = prepared.impl_->handle.get(),
                  .word = prepared.impl_->word,
                  .watch = impl_->Watch(options, begin),
                  .begin = begin},
                 std::move(options));
}

Result<Outcome> Session::Run(Statement statement) {
  Impl& own = *impl_;
  const Clock::time_point begin = Clock::now();
  RunOptions options{.parameters = {}, .stop = statement.stop, .timeout = statement.timeout};
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
  Outcome outcome;
  for (idx_t i = 0; i < count; ++i) {
    auto watch = own.Watch(options, begin);
    const SourceNames names(own.shared->names.get(), texts[i].text, own.shared->find);
    DuckPrepared prepared;
    if (duckdb_prepare_extracted_statement(own.connection.get(), statements.get(), i,
                                           prepared.out()) != DuckDBSuccess) {
      return DuckFailure(duckdb_prepare_error(prepared.get()));
    }
    if (i + 1 == count) options.parameters = std::move(statement.parameters);
    ARROW_ASSIGN_OR_RAISE(outcome, RunStep({.prepared = prepared.get(),
                                            .word = texts[i].word,
                                            .watch = std::move(watch),
                                            .begin = begin},
                                           options));
  }
  return outcome;
}

Result<Outcome> Session::RunStep(Step step, RunOptions options) {
  Impl& own = *impl_;
  const auto type = duckdb_prepared_statement_type(step.prepared);
  if (!OnlyReads(type)) {
    if (own.shared->read_only) {
      return MakeError(ErrorCode::kPermissionDenied, "the database is read only");
    }
    ARROW_RETURN_NOT_OK(own.BeginWriting(
        options, options.timeout ? step.begin + *options.timeout : step.begin + kWriterWait));
  }
  const Status bound = BindAll(step.prepared, options.parameters);
  if (!bound.ok()) {
    if (!own.in_transaction) own.EndWriting();
    return bound;
  }
  auto rows = std::make_shared<ResultRows>(shared_from_this(), own.shared->budget);
  const duckdb_state state = OnlyReads(type)
                                 ? duckdb_execute_prepared_streaming(step.prepared, &rows->result())
                                 : duckdb_execute_prepared(step.prepared, &rows->result());
  const bool ok = state == DuckDBSuccess;
  own.EndStatement(step.word, ok);
  if (!ok) {
    if (step.watch.timed_out()) {
      return MakeError(ErrorCode::kTimeout,
                       fmt::format("the statement was not done in {} ms", options.timeout->count()),
                       {"timeout_ms"});
    }
    return DuckFailure(duckdb_result_error_type(&rows->result()),
                       duckdb_result_error(&rows->result()));
  }
  Outcome outcome{
      .reader = nullptr, .rows_changed = std::nullopt, .tag = TagOf(type), .columns = {}};
  if (duckdb_result_return_type(rows->result()) == DUCKDB_RESULT_TYPE_CHANGED_ROWS) {
    outcome.rows_changed = static_cast<int64_t>(duckdb_rows_changed(&rows->result()));
  }
  if (duckdb_result_return_type(rows->result()) == DUCKDB_RESULT_TYPE_QUERY_RESULT) {
    outcome.columns = ColumnsOf(&rows->result());
    ARROW_RETURN_NOT_OK(rows->Begin(std::move(step.watch), options.timeout));
    outcome.reader = std::move(rows);
  } else {
    ARROW_ASSIGN_OR_RAISE(outcome.reader, arrow::RecordBatchReader::Make({}, arrow::schema({})));
  }
  return outcome;
}

}  // namespace headrace::sql
