#include "server/http/docs_routes.h"

#include "server/http/docs_page.h"
#include "server/http/exchange.h"
#include "server/http/openapi.h"
#include "server/http/route_table.h"

namespace headrace::server {

void AddDocsRoutes(RouteTable* routes) {
  routes->Add(Method::kGet, "/openapi.json", "all calls, as OpenAPI 3.1 has them",
              [routes](Exchange& exchange) {
                exchange.response.body = WriteOpenApi(*routes);
                return Status::OK();
              });
  Route& page = routes->Add(Method::kGet, "/docs", "a page of all calls, to try them",
                            [](Exchange& exchange) {
                              exchange.response.content_type = "text/html; charset=utf-8";
                              exchange.response.body = DocsPage();
                              return Status::OK();
                            });
  page.answer_types = {"text/html"};
}

}  // namespace headrace::server
