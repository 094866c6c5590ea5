#pragma once

#include <memory>
#include <mutex>

#include "headrace/status.h"
#include "sql/database.h"
#include "sql/session.h"

namespace headrace::catalog {
class Catalog;
}

namespace headrace::delivery {

/// The one database of a process, over every source of the catalog. It is opened when it is first
/// asked for, because an open one holds its share of the memory. Thread rule: all methods may be
/// called from any thread.
class SqlService {
 public:
  /// `catalog` outlives the service and all sessions.
  SqlService(sql::DatabaseOptions options, catalog::Catalog* catalog);

  /// Opens the database if it is not: errors as Database::Open().
  Status Open();

  /// A session of its own for each client.
  Result<std::shared_ptr<sql::Session>> Connect();

 private:
  const sql::DatabaseOptions options_;
  catalog::Catalog* const catalog_;
  std::mutex mutex_;
  std::shared_ptr<sql::Database> database_;
};

}  // namespace headrace::delivery
