#pragma once

#include <string>
#include <vector>

#include <duckdb.h>

namespace headrace::sql {

/// A type as SQL knows it, which says more than Arrow's: a HUGEINT is no DECIMAL, a UUID no text.
struct ColumnType {
  duckdb_type id = DUCKDB_TYPE_INVALID;  ///< INVALID: not known before there are parameters
  std::string alias;                     ///< "JSON"; empty: none
  int width = 0;                         ///< digits of a DECIMAL
  int scale = 0;                         ///< those behind its point
  std::vector<ColumnType> children;      ///< the element of a LIST or ARRAY

  static ColumnType Of(duckdb_logical_type type);
};

struct Column {
  std::string name;
  ColumnType type;
};

}  // namespace headrace::sql
