#pragma once

#include <cstdint>
#include <string_view>

#include "headrace/status.h"
#include "sql/parameter.h"

namespace headrace::server::pgwire {

/// A client's value of type `oid` as the statement takes it: numbers and truth as such, everything
/// else as the text that DuckDB casts. `format` 0 is text, 1 binary. kTypeMismatch for text that is
/// no such value, kMalformedBody for bytes that are none, kNotImplemented for a binary type that is
/// not read here.
Result<sql::Parameter> ReadParameter(uint32_t oid, int format, std::string_view bytes);

}  // namespace headrace::server::pgwire
