#include "server/pgwire/type_introspection.h"

#include <fmt/format.h>

#include "server/pgwire/pg_type.h"

namespace headrace::server::pgwire {

std::optional<std::string> TypeIntrospection(std::string_view statement) {
  const size_t begin = statement.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos ||
      !statement.substr(begin).starts_with("WITH RECURSIVE typeinfo_tree(")) {
    return std::nullopt;
  }
  std::string rows;
  for (const PgType& type : PgTypes()) {
    if (type.array_oid == 0) continue;
    rows += fmt::format("{}({}, '_{}', {}, '{}')", rows.empty() ? "" : ", ", type.array_oid,
                        type.name, uint32_t{type.oid}, type.name);
  }
  return fmt::format(
      "SELECT oid, 'pg_catalog' AS ns, name, 'b' AS kind, NULL::BIGINT AS basetype, elemtype, "
      "',' AS elemdelim, NULL::BIGINT AS range_subtype, NULL::VARCHAR[] AS attrtypoids, "
      "NULL::VARCHAR[] AS attrnames, 0 AS depth, NULL::VARCHAR AS basetype_name, elemtype_name, "
      "NULL::VARCHAR AS range_subtype_name "
      "FROM (VALUES {}) AS types(oid, name, elemtype, elemtype_name) "
      "WHERE list_contains(CAST($1 AS BIGINT[]), oid)",
      rows);
}

}  // namespace headrace::server::pgwire
