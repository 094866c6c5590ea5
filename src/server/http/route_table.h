#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/status.h"
#include "server/http/request.h"

namespace headrace::server {

struct Exchange;

/// Answers a request: fills the exchange's response, or fails with what the error body will say.
using Handler = std::function<Status(Exchange&)>;

/// "GET"; empty for kOther.
std::string_view MethodName(Method method) noexcept;
Method ParseMethod(std::string_view name) noexcept;

/// What a document says of a parameter in the query. All of it has static lifetime.
struct RouteParameter {
  std::string_view name;
  std::string_view type = "string";  ///< of JSON Schema
  std::string_view help = {};
  std::string_view example = {};
};

struct Route {
  Method method;
  std::string pattern;  ///< "/v1/ml/polars/buffers/{buffer_id}/data"
  std::string_view help;
  Handler handler;
  std::vector<std::string> segments;  ///< of pattern
  // For documents only; of static lifetime.
  std::vector<RouteParameter> parameters = {};
  std::vector<std::string_view> body_types = {};  ///< media types; empty: no body
  std::vector<std::string_view> answer_types = {"application/json"};
};

/// Finds the handler of a method and a path. Filled once, then read by all threads.
class RouteTable {
 public:
  /// `help` has static lifetime. HEAD comes with GET, OPTIONS with anything.
  /// What is returned may be described further until the next Add().
  Route& Add(Method method, std::string_view pattern, std::string_view help, Handler handler);

  /// The route's number, with what its {…} stand for, decoded. kUnknownRoute if no route has the
  /// path, kMethodNotAllowed if none has the method there.
  Result<int> Find(Method method, std::string_view path, std::vector<std::string>* params) const;

  /// "GET, HEAD, POST, OPTIONS": what can be done at the path; empty if nothing.
  std::string AllowedMethods(std::string_view path) const;

  std::span<const Route> routes() const noexcept { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace headrace::server
