#include "server/http/route_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/http/url.h"

namespace headrace::server {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 7> kMethods = {{
    {Method::kGet, "GET"},
    {Method::kHead, "HEAD"},
    {Method::kPost, "POST"},
    {Method::kPut, "PUT"},
    {Method::kPatch, "PATCH"},
    {Method::kDelete, "DELETE"},
    {Method::kOptions, "OPTIONS"},
}};

/// Takes the first segment off `rest`, which begins with '/'.
std::string_view TakeSegment(std::string_view* rest) {
  rest->remove_prefix(1);
  const std::string_view segment = rest->substr(0, rest->find('/'));
  rest->remove_prefix(segment.size());
  return segment;
}

bool IsParam(std::string_view segment) { return segment.starts_with('{'); }

bool Matches(const Route& route, std::string_view path) {
  for (const std::string& segment : route.segments) {
    if (!path.starts_with('/')) return false;
    const std::string_view given = TakeSegment(&path);
    // An empty name is not a name: the path without it is another route.
    if (IsParam(segment) ? given.empty() : given != segment) return false;
  }
  return path.empty();
}

Status TakeParams(const Route& route, std::string_view path, std::vector<std::string>* params) {
  params->clear();
  for (const std::string& segment : route.segments) {
    const std::string_view given = TakeSegment(&path);
    if (!IsParam(segment)) continue;
    ARROW_ASSIGN_OR_RAISE(std::string decoded, PercentDecode(given, false));
    params->push_back(std::move(decoded));
  }
  return Status::OK();
}

}  // namespace

std::string_view MethodName(Method method) noexcept {
  for (const auto& [m, name] : kMethods) {
    if (m == method) return name;
  }
  return {};
}

Method ParseMethod(std::string_view name) noexcept {
  for (const auto& [method, n] : kMethods) {
    if (n == name) return method;
  }
  return Method::kOther;
}

Route& RouteTable::Add(Method method, std::string_view pattern, std::string_view help,
                       Handler handler) {
  Route route{method, std::string(pattern), help, std::move(handler), {}};
  for (std::string_view rest = pattern; !rest.empty();) {
    route.segments.emplace_back(TakeSegment(&rest));
  }
  return routes_.emplace_back(std::move(route));
}

Result<int> RouteTable::Find(Method method, std::string_view path,
                             std::vector<std::string>* params) const {
  const Method wanted = method == Method::kHead ? Method::kGet : method;
  bool path_is_known = false;
  for (size_t i = 0; i < routes_.size(); ++i) {
    if (!Matches(routes_[i], path)) continue;
    path_is_known = true;
    if (routes_[i].method != wanted) continue;
    ARROW_RETURN_NOT_OK(TakeParams(routes_[i], path, params));
    return static_cast<int>(i);
  }
  const std::string_view shown = path.substr(0, 200);
  if (path_is_known) {
    return MakeError(ErrorCode::kMethodNotAllowed,
                     fmt::format("{} cannot be done at {}; there are: {}",
                                 method == Method::kOther ? "this method" : MethodName(method),
                                 shown, AllowedMethods(path)));
  }
  return MakeError(ErrorCode::kUnknownRoute,
                   fmt::format("there is nothing at {}; GET / lists what there is", shown));
}

std::string RouteTable::AllowedMethods(std::string_view path) const {
  std::string allowed;
  for (const auto& [method, name] : kMethods) {
    const Method wanted = method == Method::kHead ? Method::kGet : method;
    const bool found = std::any_of(routes_.begin(), routes_.end(), [&](const Route& route) {
      return route.method == wanted && Matches(route, path);
    });
    if (found) (allowed += name) += ", ";
  }
  if (!allowed.empty()) allowed += "OPTIONS";
  return allowed;
}

}  // namespace headrace::server
