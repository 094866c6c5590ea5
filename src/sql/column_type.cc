#include "sql/column_type.h"

#include "sql/duck.h"

namespace headrace::sql {

ColumnType ColumnType::Of(duckdb_logical_type type) {
  ColumnType column;
  if (type == nullptr) return column;
  column.id = duckdb_get_type_id(type);
  if (char* const alias = duckdb_logical_type_get_alias(type); alias != nullptr) {
    column.alias = alias;
    duckdb_free(alias);
  }
  if (column.id == DUCKDB_TYPE_DECIMAL) {
    column.width = duckdb_decimal_width(type);
    column.scale = duckdb_decimal_scale(type);
  } else if (column.id == DUCKDB_TYPE_LIST) {
    column.children.push_back(Of(DuckType(duckdb_list_type_child_type(type)).get()));
  } else if (column.id == DUCKDB_TYPE_ARRAY) {
    column.children.push_back(Of(DuckType(duckdb_array_type_child_type(type)).get()));
  }
  return column;
}

}  // namespace headrace::sql
