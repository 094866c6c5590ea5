#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <duckdb.h>

#include "headrace/status.h"
#include "sql/database.h"

namespace headrace::sql {

/// While it lives, the names of the statement that this thread prepares: DuckDB tells who replaces
/// a name only its last part, `sensor-data` of `buffers."sensor-data"`.
///
/// A name with a prefix becomes a view in a catalog of that prefix, made here where it is missing;
/// for a plain one Find() is asked by DuckDB.
class SourceNames {
 public:
  /// What stands before the dot of a source's full name. Each is a catalog of DuckDB that
  /// AddSources() attaches.
  static constexpr const char* kPrefixes[] = {"buffers", "files", "tables", "bars"};

  SourceNames(duckdb_connection connection, std::string_view statement, const FindSource& find);
  ~SourceNames();
  SourceNames(const SourceNames&) = delete;
  SourceNames& operator=(const SourceNames&) = delete;

  /// Whether this thread's statement has the name with a prefix under which there is no such
  /// source.
  static bool IsAbsent(std::string_view name);

 private:
  std::vector<std::string> absent_;
  const SourceNames* outer_;
};

}  // namespace headrace::sql
