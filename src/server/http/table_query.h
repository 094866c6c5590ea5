#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "codec/format.h"
#include "delivery/table_request.h"
#include "headrace/status.h"

namespace headrace::server {

/// What the query of GET /v1/tables/{name} asks for.
struct TableQuery {
  delivery::TableRequest request;
  std::optional<std::string> cursor;
  std::optional<codec::Format> format;  ///< none: what Accept says
};

/// One row of the table of parameters: what the query is read by, and what OpenAPI says of it.
struct TableParameter {
  std::string_view name;
  std::string_view type;  ///< of JSON Schema: "string", "integer", "number"
  std::string_view help;
  std::string_view example;
  /// Fails with the rule alone; where the fault lies is added.
  Status (*read)(std::string_view text, TableQuery* query);
};

/// All parameters, in the order in which they are documented. Static lifetime.
std::span<const TableParameter> TableParameters() noexcept;

/// kInvalidArgument, located as {"query", name}, for a parameter that is unknown (the nearest is
/// offered), repeated or wrong.
Result<TableQuery> ReadTableQuery(std::string_view query);

/// `a,"b,c"`: names with commas between, quoted as in CSV where they have a comma or a quote.
Result<std::vector<std::string>> ReadNames(std::string_view text);

}  // namespace headrace::server
