#include "server/pgwire/pg_type.h"

#include <algorithm>
#include <array>

namespace headrace::server::pgwire {
namespace {

constexpr std::array kTypes = {
    PgType{kBool, 1000, 1, "bool", "BOOLEAN"},
    PgType{kBytea, 1001, -1, "bytea", "BLOB"},
    PgType{kName, 1003, 64, "name", ""},
    PgType{kInt8, 1016, 8, "int8", "BIGINT"},
    PgType{kInt2, 1005, 2, "int2", "SMALLINT"},
    PgType{kInt4, 1007, 4, "int4", "INTEGER"},
    PgType{kText, 1009, -1, "text", ""},
    PgType{kOid, 1028, 4, "oid", "BIGINT"},
    PgType{kJson, 199, -1, "json", "JSON"},
    PgType{kFloat4, 1021, 4, "float4", "FLOAT"},
    PgType{kFloat8, 1022, 8, "float8", "DOUBLE"},
    PgType{kUnknown, 0, -1, "unknown", ""},
    PgType{kBpchar, 1014, -1, "bpchar", ""},
    PgType{kVarchar, 1015, -1, "varchar", ""},
    PgType{kDate, 1182, 4, "date", "DATE"},
    PgType{kTime, 1183, 8, "time", "TIME"},
    PgType{kTimestamp, 1115, 8, "timestamp", "TIMESTAMP"},
    PgType{kTimestampTz, 1185, 8, "timestamptz", "TIMESTAMPTZ"},
    PgType{kInterval, 1187, 16, "interval", "INTERVAL"},
    // Digits are as many as the value has: no type of DuckDB's says that.
    PgType{kNumeric, 1231, -1, "numeric", ""},
    PgType{kUuid, 2951, 16, "uuid", "UUID"},
    PgType{kJsonb, 3807, -1, "jsonb", "JSON"},
};

struct Pair {
  duckdb_type type;
  Oid oid;
};
constexpr std::array kOfSql = {
    Pair{DUCKDB_TYPE_BOOLEAN, kBool},
    Pair{DUCKDB_TYPE_TINYINT, kInt2},
    Pair{DUCKDB_TYPE_SMALLINT, kInt2},
    Pair{DUCKDB_TYPE_INTEGER, kInt4},
    Pair{DUCKDB_TYPE_BIGINT, kInt8},
    Pair{DUCKDB_TYPE_UTINYINT, kInt2},
    Pair{DUCKDB_TYPE_USMALLINT, kInt4},
    Pair{DUCKDB_TYPE_UINTEGER, kInt8},
    Pair{DUCKDB_TYPE_UBIGINT, kNumeric},
    Pair{DUCKDB_TYPE_HUGEINT, kNumeric},
    Pair{DUCKDB_TYPE_UHUGEINT, kNumeric},
    Pair{DUCKDB_TYPE_DECIMAL, kNumeric},
    Pair{DUCKDB_TYPE_FLOAT, kFloat4},
    Pair{DUCKDB_TYPE_DOUBLE, kFloat8},
    Pair{DUCKDB_TYPE_BLOB, kBytea},
    Pair{DUCKDB_TYPE_DATE, kDate},
    Pair{DUCKDB_TYPE_TIME, kTime},
    Pair{DUCKDB_TYPE_TIME_NS, kTime},
    Pair{DUCKDB_TYPE_TIME_TZ, kTime},
    Pair{DUCKDB_TYPE_TIMESTAMP, kTimestamp},
    Pair{DUCKDB_TYPE_TIMESTAMP_S, kTimestamp},
    Pair{DUCKDB_TYPE_TIMESTAMP_MS, kTimestamp},
    Pair{DUCKDB_TYPE_TIMESTAMP_NS, kTimestamp},
    Pair{DUCKDB_TYPE_TIMESTAMP_TZ, kTimestampTz},
    Pair{DUCKDB_TYPE_INTERVAL, kInterval},
    Pair{DUCKDB_TYPE_UUID, kUuid},
    Pair{DUCKDB_TYPE_STRUCT, kJson},
    Pair{DUCKDB_TYPE_MAP, kJson},
    Pair{DUCKDB_TYPE_UNION, kJson},
    Pair{DUCKDB_TYPE_LIST, kJson},
    Pair{DUCKDB_TYPE_ARRAY, kJson},
};

}  // namespace

std::span<const PgType> PgTypes() noexcept { return kTypes; }

const PgType* FindPgType(uint32_t oid) noexcept {
  const auto* const found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const PgType& t) { return t.oid == oid; });
  return found == kTypes.end() ? nullptr : found;
}

const PgType* FindElementType(uint32_t array_oid) noexcept {
  if (array_oid == 0) return nullptr;
  const auto* const found = std::find_if(kTypes.begin(), kTypes.end(),
                                         [&](const PgType& t) { return t.array_oid == array_oid; });
  return found == kTypes.end() ? nullptr : found;
}

WireType WireTypeOf(const sql::ColumnType& column) noexcept {
  const bool is_list = column.id == DUCKDB_TYPE_LIST || column.id == DUCKDB_TYPE_ARRAY;
  if (is_list && !column.children.empty()) {
    WireType element = WireTypeOf(column.children[0]);
    const bool plain = !element.is_array && element.type->oid != kJson;
    element.is_array = true;
    element.modifier = -1;
    if (plain) return element;
  }
  WireType wire{.type = FindPgType(column.alias == "JSON" ? kJson : kText)};
  for (const Pair& pair : kOfSql) {
    if (pair.type == column.id) wire.type = FindPgType(pair.oid);
  }
  if (column.id == DUCKDB_TYPE_DECIMAL) wire.modifier = (column.width << 16 | column.scale) + 4;
  return wire;
}

}  // namespace headrace::server::pgwire
