#include "server/pgwire/sql_dialect.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "server/pgwire/pg_type.h"
#include "sql/sql_tokens.h"

namespace headrace::server::pgwire {
namespace {

// Functions that are macros of the session: no schema has them.
struct Macro {
  std::string_view name;
  std::string_view parameters;
  std::string_view body;
};
constexpr std::array kMacros = {
    Macro{"version", "", "'PostgreSQL 15.0 (Headrace, DuckDB)'"},
    Macro{"pg_get_userbyid", "role", "'headrace'"},
    Macro{"pg_advisory_unlock_all", "", "NULL"},
    Macro{"set_config", "setting, value, is_local", "value"},
    Macro{"pg_encoding_to_char", "encoding", "'UTF8'"},
    Macro{"pg_is_in_recovery", "", "false"},
    Macro{"pg_get_partkeydef", "relation", "NULL::VARCHAR"},
    Macro{"pg_get_serial_sequence", "relation, attribute", "NULL::VARCHAR"},
    Macro{"pg_relation_is_publishable", "relation", "false"},
};

// PostgreSQL's types that DuckDB does not know, by one that holds their values.
struct TypeName {
  std::string_view postgres;
  std::string_view duck;
};
constexpr std::array kTypeNames = {
    TypeName{"regclass", "VARCHAR"},
    TypeName{"regtype", "VARCHAR"},
    TypeName{"regproc", "VARCHAR"},
    TypeName{"regnamespace", "VARCHAR"},
    TypeName{"name", "VARCHAR"},
    TypeName{"jsonb", "JSON"},
    TypeName{"timestamptz", "TIMESTAMPTZ"},
};

/// A part of the statement and what stands in its place.
struct Edit {
  size_t begin;
  size_t end;
  std::string text;
};

using Tokens = std::span<const sql::SqlToken>;

/// `$1` with a declared type.
std::optional<Edit> CastOf(const sql::SqlToken& token, std::span<const uint32_t> types,
                           bool all_types) {
  if (token.kind != sql::SqlToken::kParameter) return std::nullopt;
  size_t number = 0;
  std::from_chars(token.plain.data(), token.plain.data() + token.plain.size(), number);
  if (number == 0 || number > types.size()) return std::nullopt;
  const PgType* const element = FindElementType(types[number - 1]);
  const PgType* const type = element != nullptr ? element : FindPgType(types[number - 1]);
  if (type == nullptr) return std::nullopt;
  std::string_view name = type->sql_name;
  if (name.empty() && !all_types) return std::nullopt;
  if (name.empty()) name = type->oid == kNumeric ? "DECIMAL(38, 10)" : "VARCHAR";
  return Edit{token.begin, token.end(),
              fmt::format("CAST({} AS {}{})", token.text, name, element != nullptr ? "[]" : "")};
}

/// What stands at `at`, if it is said differently here. `end` is behind it.
std::optional<Edit> DialectOf(Tokens tokens, size_t at, size_t* end) {
  const auto edit = [&](size_t count, std::string text) {
    *end = at + count;
    return Edit{tokens[at].begin, tokens[at + count - 1].end(), std::move(text)};
  };
  if (sql::IsAt(tokens, at, "operator") && sql::IsAt(tokens, at + 1, "(") &&
      sql::IsAt(tokens, at + 2, "pg_catalog") && sql::IsAt(tokens, at + 3, ".")) {
    std::string sign;
    size_t close = at + 4;
    for (; close < tokens.size() && !tokens[close].Is(")"); ++close) sign += tokens[close].plain;
    if (close < tokens.size()) return edit(close + 1 - at, sign);
  }
  if (sql::IsAt(tokens, at, "collate") && sql::IsAt(tokens, at + 1, "pg_catalog") &&
      sql::IsAt(tokens, at + 2, ".") && at + 3 < tokens.size()) {
    return edit(4, "");
  }
  const bool is_cast = sql::IsAt(tokens, at, "::");
  if (is_cast || sql::IsAt(tokens, at, "as")) {
    const std::string before = is_cast ? "::" : "AS ";
    const size_t qualified =
        sql::IsAt(tokens, at + 1, "pg_catalog") && sql::IsAt(tokens, at + 2, ".") ? 3 : 1;
    for (const TypeName& name : kTypeNames) {
      // `AS name` may well be what a column is called: only `AS name)` is a cast.
      if (sql::IsAt(tokens, at + qualified, name.postgres) &&
          (is_cast || sql::IsAt(tokens, at + qualified + 1, ")"))) {
        return edit(qualified + 1, before + std::string(name.duck));
      }
    }
    if (qualified == 3 && at + 3 < tokens.size()) {
      return edit(4, before + std::string(tokens[at + 3].text));
    }
  }
  if (sql::IsAt(tokens, at, "pg_catalog") && sql::IsAt(tokens, at + 1, ".") &&
      sql::IsAt(tokens, at + 3, "(") &&
      std::any_of(kMacros.begin(), kMacros.end(),
                  [&](const Macro& macro) { return tokens[at + 2].Is(macro.name); })) {
    return edit(3, std::string(tokens[at + 2].text));
  }
  return std::nullopt;
}

}  // namespace

std::string ToDuckDialect(std::string_view statement, std::span<const uint32_t> parameter_types,
                          bool all_types) {
  const std::vector<sql::SqlToken> tokens = sql::SqlTokens(statement);
  std::string rewritten;
  size_t copied = 0;
  for (size_t at = 0; at < tokens.size();) {
    size_t end = at + 1;
    std::optional<Edit> edit = CastOf(tokens[at], parameter_types, all_types);
    if (!edit) edit = DialectOf(tokens, at, &end);
    at = end;
    if (!edit) continue;
    rewritten += statement.substr(copied, edit->begin - copied);
    rewritten += edit->text;
    copied = edit->end;
  }
  rewritten += statement.substr(copied);
  return rewritten;
}

std::string SessionMacros(uint32_t process) {
  std::string sql = fmt::format("CREATE TEMP MACRO pg_backend_pid() AS {}::INTEGER;", process);
  for (const Macro& macro : kMacros) {
    sql += fmt::format("CREATE TEMP MACRO {}({}) AS {};", macro.name, macro.parameters, macro.body);
  }
  return sql;
}

}  // namespace headrace::server::pgwire
