#pragma once

namespace headrace::server {

class RouteTable;

/// `/openapi.json`, written from the table, and `/docs`, a page of it that needs nothing else. The
/// table outlives the handlers.
void AddDocsRoutes(RouteTable* routes);

}  // namespace headrace::server
