#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "server/pgwire/pg_type.h"
#include "sql/column_type.h"

namespace headrace::server::pgwire {

/// Appends the value of a row that is not null. Borrows the array it was made of.
using WriteCell = std::function<void(int64_t row, std::string* out)>;

/// As PostgreSQL prints it, with times in UTC. kNotImplemented for an array that no type of SQL
/// gives.
Result<WriteCell> TextCells(const sql::ColumnType& type, const arrow::Array& array);

/// As PostgreSQL's `send` functions give it; times before 2000 are negative.
Result<WriteCell> BinaryCells(const sql::ColumnType& type, const arrow::Array& array);

/// As JSON, for what is nested.
Result<WriteCell> JsonCells(const arrow::Array& array);

/// What Arrow alone tells of a type.
sql::ColumnType ColumnTypeOf(const arrow::DataType& type);

}  // namespace headrace::server::pgwire
