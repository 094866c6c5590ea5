#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace::server::pgwire {

/// asyncpg asks a recursive query over pg_type, pg_range and pg_attribute for every type that it
/// does not know by heart, arrays among them. DuckDB's pg_type has numbers of its own, so that this
/// query is answered from the table of types that results are described with: here is what is run
/// in its place. It takes one parameter, OIDs as oid[]. None for any other statement.
std::optional<std::string> TypeIntrospection(std::string_view statement);

inline constexpr unsigned kOidArray = 1028;

}  // namespace headrace::server::pgwire
