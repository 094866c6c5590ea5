#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "sql/column_type.h"
#include "sql/parameter.h"

namespace headrace::sql {

class Database;

struct Statement {
  std::string sql;  ///< one statement or several; the rows are those of the last one
  std::vector<Parameter> parameters;        ///< of the last one
  std::shared_ptr<std::atomic<bool>> stop;  ///< set when nobody waits any more; null: never
  std::optional<std::chrono::milliseconds> timeout;
};

struct Outcome {
  /// The rows, pulled as they are computed; a statement without rows has none of them, and a schema
  /// without fields.
  std::shared_ptr<arrow::RecordBatchReader> reader;
  std::optional<int64_t> rows_changed;  ///< by INSERT, UPDATE, DELETE, COPY
  std::string tag;                      ///< "SELECT", "INSERT", "CREATE", …
  std::vector<Column> columns;          ///< of the rows; none for a statement without rows
};

/// One statement that was parsed and bound, to be run as often as wanted by its session,
/// which outlives it. Thread rule: that of the session.
class Prepared {
 public:
  ~Prepared();
  /// Of `$1`, `$2`, …; an INVALID one takes what it is given.
  const std::vector<ColumnType>& parameters() const noexcept;
  /// Of its rows; none if it gives no rows. Not known for sure while a parameter's type is not.
  const std::vector<Column>& columns() const noexcept;
  bool gives_rows() const noexcept;

 private:
  friend class Session;
  struct Impl;
  explicit Prepared(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// How one statement is run.
struct RunOptions {
  std::vector<Parameter> parameters;
  std::shared_ptr<std::atomic<bool>> stop;  ///< as in Statement
  std::optional<std::chrono::milliseconds> timeout;
};

/// One connection. A statement that changes something waits for the other writers of the database,
/// as long as its timeout allows; readers never wait. Thread rule: one thread at a time, but
/// for Interrupt().
class Session : public std::enable_shared_from_this<Session> {
 public:
  static Result<std::shared_ptr<Session>> Open(std::shared_ptr<Database> database);
  ~Session();

  /// Runs all statements; the reader of the last one ends when another is run. kSyntaxError,
  /// kUnknownName, kUnknownColumn, kTypeMismatch, kConstraintViolation, kConflict, kTimeout,
  /// kCancelled, kMemoryLimit, kPermissionDenied, with DuckDB's words.
  Result<Outcome> Run(Statement statement);

  /// Reads one statement without running it: kInvalidArgument if there are several; else as Run().
  Result<std::shared_ptr<Prepared>> Prepare(const std::string& sql);
  /// Runs what this session prepared, as Run() does.
  Result<Outcome> Run(Prepared& prepared, RunOptions options);

  /// Runs statements of the server's own that make temporary things, before anything else is run:
  /// also where nothing can be changed.
  Status Define(const std::string& sql);

  /// Whether a BEGIN was not ended yet. Thread rule: that of Run().
  bool in_transaction() const noexcept;

  /// Ends what runs, with kCancelled.
  void Interrupt();

 private:
  struct Impl;
  /// A statement on its way: its handle, its text, and who watches it.
  struct Step;
  Result<Outcome> RunStep(Step step, RunOptions options);
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::sql
