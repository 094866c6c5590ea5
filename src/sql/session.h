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

  /// Ends what runs, with kCancelled.
  void Interrupt();

 private:
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::sql
