#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sql/column_type.h"

namespace headrace::server::pgwire {

/// PostgreSQL's numbers for its types.
enum Oid : uint32_t {
  kBool = 16,
  kBytea = 17,
  kName = 19,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kOid = 26,
  kJson = 114,
  kFloat4 = 700,
  kFloat8 = 701,
  kUnknown = 705,
  kBpchar = 1042,
  kVarchar = 1043,
  kDate = 1082,
  kTime = 1083,
  kTimestamp = 1114,
  kTimestampTz = 1184,
  kInterval = 1186,
  kNumeric = 1700,
  kUuid = 2950,
  kJsonb = 3802,
};

/// What PostgreSQL knows of a type.
struct PgType {
  Oid oid;
  uint32_t array_oid;
  int16_t size;               ///< in bytes; -1: varies
  std::string_view name;      ///< PostgreSQL's
  std::string_view sql_name;  ///< what DuckDB calls it; empty: it says nothing of a parameter
};

/// All that are spoken here. Static lifetime.
std::span<const PgType> PgTypes() noexcept;
/// Null for a type that is not spoken here.
const PgType* FindPgType(uint32_t oid) noexcept;
/// The type whose arrays have this OID; null if there is none.
const PgType* FindElementType(uint32_t array_oid) noexcept;

/// How a column of SQL appears: unsigned numbers as the next larger ones, lists of plain values as
/// arrays, other nested values as JSON.
struct WireType {
  const PgType* type = nullptr;  ///< of the element, for an array
  bool is_array = false;
  int32_t modifier = -1;  ///< a DECIMAL's digits

  uint32_t oid() const noexcept { return is_array ? type->array_oid : uint32_t{type->oid}; }
  int16_t size() const noexcept { return is_array ? int16_t{-1} : type->size; }
};
WireType WireTypeOf(const sql::ColumnType& column) noexcept;

}  // namespace headrace::server::pgwire
