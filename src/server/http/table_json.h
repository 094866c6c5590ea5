#pragma once

#include <string>

#include "delivery/tables.h"

namespace headrace::server {

/// {"name", "full_name", "kind", "rows", "bytes", "schema": [{"name", "type", "nullable"}]}; null
/// for what is not known without reading.
void WriteTableInfo(const delivery::TableInfo& info, std::string* out);

/// [{"name", "type", "nullable"}]: types as Arrow calls them.
void WriteSchema(const arrow::Schema& schema, std::string* out);

}  // namespace headrace::server
