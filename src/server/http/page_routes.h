#pragma once

namespace headrace::server {

class RouteTable;

/// The page of web/ at `/`, with its files under `/assets`. Who does not ask for HTML gets the list
/// of calls at `/`. The table outlives the handlers.
void AddPageRoutes(RouteTable* routes);

}  // namespace headrace::server
