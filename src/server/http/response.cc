#include "server/http/response.h"

#include <iterator>

#include <fmt/format.h>

namespace headrace::server {

std::string_view ReasonPhrase(int status) noexcept {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 422: return "Unprocessable Content";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 507: return "Insufficient Storage";
    default: return "Unknown";
  }
}

void WriteHead(const Response& response, const ResponseHead& head, std::string* out) {
  auto at = std::back_inserter(*out);
  fmt::format_to(at, "HTTP/1.1 {} {}\r\n", response.status, ReasonPhrase(response.status));
  if (!response.content_type.empty()) {
    fmt::format_to(at, "Content-Type: {}\r\n", response.content_type);
  }
  switch (head.framing) {
    case Framing::kLength: fmt::format_to(at, "Content-Length: {}\r\n", head.content_length); break;
    case Framing::kChunked: out->append("Transfer-Encoding: chunked\r\n"); break;
    case Framing::kUntilEnd:
    case Framing::kNone: break;
  }
  if (!head.keep_alive) {
    out->append("Connection: close\r\n");
  } else if (head.http_minor == 0) {
    out->append("Connection: keep-alive\r\n");
  }
  if (!head.date.empty()) fmt::format_to(at, "Date: {}\r\n", head.date);
  if (!response.etag.empty()) fmt::format_to(at, "ETag: {}\r\n", response.etag);
  out->append(response.fields);
  out->append("\r\n");
}

}  // namespace headrace::server
