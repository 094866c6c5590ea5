#include "server/http/application.h"

#include <exception>
#include <new>

#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/http/cors.h"
#include "server/http/docs_routes.h"
#include "server/http/error_body.h"
#include "server/http/health.h"
#include "server/http/page_routes.h"

namespace headrace::server {
namespace {

/// Foreign exceptions end here: memory that ran out outside the budget, and defects.
Status RunHandler(const Handler& handler, Exchange& exchange) {
  try {
    return handler(exchange);
  } catch (const std::bad_alloc&) {
    return MakeError(ErrorCode::kMemoryLimit, "no memory is left to answer");
  } catch (const std::exception& e) {
    return MakeError(ErrorCode::kInternal, fmt::format("a defect in Headrace: {}", e.what()));
  }
}

}  // namespace

Application::Application(const ServerContext& context, const LiveOptions& live)
    : delivery_(context.catalog, &metrics_),
      polars_api_(&delivery_, context.budget),
      tables_(context.catalog, context.allowed_paths, &metrics_),
      tables_api_(&tables_),
      seed_api_(&tables_),
      sql_api_(context.sql, context.budget),
      bars_api_(context.bars, context.budget),
      live_(&delivery_, &tables_, &metrics_.live(), &draining_) {
  polars_api_.AddRoutes(&routes_);
  tables_api_.AddRoutes(&routes_);
  seed_api_.AddRoutes(&routes_);
  if (context.sql != nullptr) sql_api_.AddRoutes(&routes_);
  if (context.bars != nullptr) bars_api_.AddRoutes(&routes_);
  live_.AddRoutes(live, &routes_);
  AddDocsRoutes(&routes_);
  AddHealthRoutes(context.catalog, context.budget, &metrics_, &live_.roster(), &draining_,
                  &routes_);
  AddPageRoutes(&routes_);
  metrics_.SetRoutes(routes_.routes());
}

Status Application::FindRoute(Exchange* exchange) const {
  Request& request = exchange->request;
  if (request.method == Method::kOptions) {
    if (request.target == "*" || !routes_.AllowedMethods(request.path).empty()) return Status::OK();
    return routes_.Find(Method::kOptions, request.path, &request.path_params).status();
  }
  ARROW_ASSIGN_OR_RAISE(exchange->route,
                        routes_.Find(request.method, request.path, &request.path_params));
  return Status::OK();
}

void Application::Handle(Exchange* exchange) const {
  exchange->wants_pool = false;
  if (exchange->request.method == Method::kOptions) {
    const std::string allowed = exchange->request.target == "*"
                                    ? "GET, HEAD, POST, PUT, DELETE, OPTIONS"
                                    : routes_.AllowedMethods(exchange->request.path);
    AnswerOptions(exchange->request, allowed, &exchange->response);
    AllowOrigin(exchange->request, &exchange->response);
    return;
  }
  const Handler& handler = routes_.routes()[static_cast<size_t>(exchange->route)].handler;
  const Status status = RunHandler(handler, *exchange);
  if (exchange->wants_pool) return;
  if (!status.ok()) return Fail(status, exchange);
  AllowOrigin(exchange->request, &exchange->response);
}

void Application::Fail(const Status& status, Exchange* exchange) const {
  exchange->wants_pool = false;
  Refuse(status, &exchange->response);
  exchange->response.fields.clear();
  exchange->response.etag.clear();
  if (CodeOf(status) == ErrorCode::kMethodNotAllowed) {
    exchange->response.fields =
        fmt::format("Allow: {}\r\n", routes_.AllowedMethods(exchange->request.path));
  }
  AllowOrigin(exchange->request, &exchange->response);
}

}  // namespace headrace::server
