#include "server/http/openapi.h"

#include <iterator>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "codec/json_rows.h"

namespace headrace::server {
namespace {

constexpr std::string_view kError =
    R"({"type":"object","required":["error","detail"],"properties":{"error":{"type":"object",)"
    R"("required":["code","message","location"],"properties":{"code":{"type":"string"},)"
    R"("message":{"type":"string"},"location":{"type":"array","items":{"type":"string"}}}},)"
    R"("detail":{}}})";

std::string Quoted(std::string_view text) {
  std::string out;
  codec::WriteJsonString(text, &out);
  return out;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// "get_v1_tables_name", of method and pattern.
std::string OperationId(const Route& route) {
  std::string id = Lower(MethodName(route.method));
  for (const std::string& segment : route.segments) {
    id += '_';
    for (const char c : segment) {
      const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (word || c == '_') id += c;
    }
  }
  return id;
}

/// What calls are listed together: "tables" of "/v1/tables/{name}".
std::string_view TagOf(const Route& route) {
  const auto& segments = route.segments;
  size_t first = 0;
  while (first < segments.size() && (segments[first] == "v1" || segments[first] == "ml")) ++first;
  return first < segments.size() && !segments[first].empty() ? segments[first] : "server";
}

void WriteParameter(std::string_view in, const RouteParameter& parameter, std::string* out) {
  auto at = std::back_inserter(*out);
  fmt::format_to(at, R"({{"name":{},"in":"{}","required":{},"schema":{{"type":"{}"}})",
                 Quoted(parameter.name), in, in == "path", parameter.type);
  if (!parameter.help.empty()) fmt::format_to(at, R"(,"description":{})", Quoted(parameter.help));
  if (!parameter.example.empty()) {
    const bool number = parameter.type == "integer" || parameter.type == "number";
    fmt::format_to(at, R"(,"example":{})",
                   number ? std::string(parameter.example) : Quoted(parameter.example));
  }
  *out += '}';
}

void WriteParameters(const Route& route, std::string* out) {
  std::string list;
  const auto add = [&](std::string_view in, const RouteParameter& parameter) {
    if (!list.empty()) list += ',';
    WriteParameter(in, parameter, &list);
  };
  for (const std::string& segment : route.segments) {
    if (!segment.starts_with('{')) continue;
    add("path", {.name = std::string_view(segment).substr(1, segment.size() - 2)});
  }
  for (const RouteParameter& parameter : route.parameters) add("query", parameter);
  if (!list.empty()) fmt::format_to(std::back_inserter(*out), R"(,"parameters":[{}])", list);
}

/// {"application/json":{}, …}
std::string Content(const std::vector<std::string_view>& types) {
  std::string out = "{";
  for (const std::string_view type : types) {
    const bool text = type.find("json") != std::string_view::npos || type.starts_with("text/");
    fmt::format_to(std::back_inserter(out), R"({}{}:{})", out.size() > 1 ? "," : "", Quoted(type),
                   text ? "{}" : R"({"schema":{"type":"string","format":"binary"}})");
  }
  return out + '}';
}

void WriteOperation(const Route& route, std::string* out) {
  auto at = std::back_inserter(*out);
  fmt::format_to(at, R"("{}":{{"operationId":"{}","summary":{},"tags":[{}])",
                 Lower(MethodName(route.method)), OperationId(route), Quoted(route.help),
                 Quoted(TagOf(route)));
  WriteParameters(route, out);
  if (!route.body_types.empty()) {
    fmt::format_to(at, R"(,"requestBody":{{"required":true,"content":{}}})",
                   Content(route.body_types));
  }
  fmt::format_to(at,
                 R"(,"responses":{{"200":{{"description":"OK","content":{}}},"default":{{)"
                 R"("description":"refused","content":{{"application/json":{{"schema":{{"$ref":)"
                 R"("#/components/schemas/Error"}}}}}}}}}}}})",
                 Content(route.answer_types));
}

}  // namespace

std::string WriteOpenApi(const RouteTable& routes) {
  // Paths in their first order, with all their methods.
  std::vector<std::pair<std::string_view, std::string>> paths;
  std::map<std::string_view, size_t> known;
  for (const Route& route : routes.routes()) {
    const auto [place, added] = known.emplace(route.pattern, paths.size());
    if (added) paths.emplace_back(route.pattern, "");
    std::string& operations = paths[place->second].second;
    if (!operations.empty()) operations += ',';
    WriteOperation(route, &operations);
  }
  std::string out =
      fmt::format(R"({{"openapi":"3.1.0","info":{{"title":"Headrace","version":"{}","summary":)"
                  R"("Live windows, files and tables as Arrow."}},"paths":{{)",
                  HEADRACE_VERSION);
  for (const auto& [path, operations] : paths) {
    fmt::format_to(std::back_inserter(out), R"({}{}:{{{}}})",
                   &path == &paths.front().first ? "" : ",", Quoted(path), operations);
  }
  fmt::format_to(std::back_inserter(out), R"(}},"components":{{"schemas":{{"Error":{}}}}}}})",
                 kError);
  return out;
}

}  // namespace headrace::server
