#pragma once

#include <string_view>

#include <duckdb.h>

#include "headrace/status.h"

namespace headrace::sql {

/// What DuckDB says, by its kind of error: "Parser Error: …". A syntax error's place in the text is
/// the location {"sql", LINE, COLUMN} where DuckDB names it.
Status DuckFailure(duckdb_error_type type, std::string_view message);

/// The same of a call that gives an error's data; OK for none.
Status CheckDuck(duckdb_error_data error);

/// By the words before the first colon, where DuckDB gives no kind.
Status DuckFailure(std::string_view message);

}  // namespace headrace::sql
