#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace headrace::server::pgwire {

/// A statement of PostgreSQL's as DuckDB understands it: parameters whose type the client declared
/// are cast to it, and the few things of pg_catalog that clients' own queries use are spelled as
/// DuckDB has them. What needs nothing stays as it is, byte for byte.
/// `all_types`: casts also what DuckDB may well find out by itself, text and numbers of any size.
std::string ToDuckDialect(std::string_view statement, std::span<const uint32_t> parameter_types,
                          bool all_types = false);

/// The macros that a session's clients find: version(), pg_backend_pid(), …
std::string SessionMacros(uint32_t process);

}  // namespace headrace::server::pgwire
