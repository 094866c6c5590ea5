#pragma once

#include <duckdb.h>

#include "headrace/status.h"
#include "sql/database.h"

namespace headrace::sql {

/// The table function that reads a source by its name.
inline constexpr char kSourceFunction[] = "headrace_source";

/// Makes every source that `find` finds a table of the database: names that the database does not
/// know become calls of a table function, which reads the columns that are wanted. `connection` is
/// for conversions and outlives the database's use, as `find` does.
Status AddSources(duckdb_database database, duckdb_connection connection, FindSource* find);

}  // namespace headrace::sql
