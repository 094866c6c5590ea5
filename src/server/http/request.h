#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::server {

enum class Method : uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };

/// One request as handlers see it. Reused from request to request on a connection, so that its
/// strings keep their memory.
struct Request {
  Method method = Method::kGet;
  int http_minor = 1;  ///< HTTP/1.x
  bool keep_alive = true;
  bool expects_continue = false;
  bool has_host = false;
  bool asks_upgrade = false;  ///< Connection has it, with an Upgrade field

  std::string target;      ///< as the request line has it, in origin form
  std::string_view path;   ///< of target, not decoded
  std::string_view query;  ///< of target, without '?', not decoded

  // Fields that anybody here looks at; empty if absent, joined by ", " if repeated.
  std::string content_type;
  std::string content_encoding;
  std::string transfer_encoding;
  std::string accept;
  std::string accept_encoding;
  std::string if_none_match;
  std::string if_range;
  std::string range;
  std::string origin;
  std::string cors_method;
  std::string cors_headers;
  std::string upgrade;
  std::string websocket_key;
  std::string websocket_version;

  std::vector<std::string> path_params;  ///< what the route's {…} stand for, decoded
  std::string_view body;                 ///< whole; lives until the answer is made

  void Reset() {
    method = Method::kGet;
    http_minor = 1;
    keep_alive = true;
    expects_continue = has_host = asks_upgrade = false;
    for (std::string* text :
         {&target, &content_type, &content_encoding, &transfer_encoding, &accept, &accept_encoding,
          &if_none_match, &if_range, &range, &origin, &cors_method, &cors_headers, &upgrade,
          &websocket_key, &websocket_version}) {
      text->clear();
    }
    path = query = body = {};
    path_params.clear();
  }
};

}  // namespace headrace::server
