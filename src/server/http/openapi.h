#pragma once

#include <string>

#include "server/http/route_table.h"

namespace headrace::server {

/// All routes as an OpenAPI 3.1 document, in JSON: paths with their parameters, the bodies they
/// take, what they answer, and the one body of errors.
std::string WriteOpenApi(const RouteTable& routes);

}  // namespace headrace::server
