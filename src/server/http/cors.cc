#include "server/http/cors.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace headrace::server {
namespace {

// Browsers keep a preflight's answer for at most two hours.
constexpr int kPreflightSeconds = 7200;

/// A list of field names, so that echoing it can add no field of its own.
bool IsFieldList(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == ',' || c == ' ';
  });
}

}  // namespace

void AllowOrigin(const Request& request, Response* response) {
  response->fields += "Access-Control-Allow-Origin: *\r\n";
  if (!request.origin.empty()) {
    response->fields +=
        "Access-Control-Expose-Headers: *, Content-Length, Content-Type, Content-Encoding, "
        "Content-Disposition, Content-Range, Accept-Ranges, ETag, Allow, X-Next-Cursor, "
        "X-Rows-Missed\r\n";
  }
}

void AnswerOptions(const Request& request, std::string_view allowed, Response* response) {
  response->status = 204;
  response->content_type = {};
  auto at = std::back_inserter(response->fields);
  fmt::format_to(at, "Allow: {}\r\n", allowed);
  if (request.origin.empty() || request.cors_method.empty()) return;
  fmt::format_to(at, "Access-Control-Allow-Methods: {}\r\nAccess-Control-Max-Age: {}\r\n", allowed,
                 kPreflightSeconds);
  if (!request.cors_headers.empty() && IsFieldList(request.cors_headers)) {
    fmt::format_to(at, "Access-Control-Allow-Headers: {}\r\n", request.cors_headers);
  }
}

}  // namespace headrace::server
