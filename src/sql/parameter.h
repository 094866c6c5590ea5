#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace headrace::sql {

/// A value for a `?` or `$1`; text is cast by DuckDB to what its place wants.
using Parameter = std::variant<std::monostate, bool, int64_t, double, std::string>;

}  // namespace headrace::sql
