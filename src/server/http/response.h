#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/encoder.h"

namespace headrace::base {
class SharedMemory;
}

namespace headrace::server {

/// One answer as handlers make it: either `body`, or a `stream` that is pulled as the client takes
/// it. Reused from request to request on a connection.
struct Response {
  int status = 200;
  std::string_view content_type = "application/json";  ///< static lifetime; empty: no such field
  std::string fields;                                  ///< further ones, each "Name: value\r\n"
  std::string body;
  std::unique_ptr<codec::Encoder> stream;
  bool stream_is_heavy = false;  ///< making a chunk takes long, so it is done on the pool
  bool sends_early = false;      ///< the first chunk leaves before the next one is made
  bool gives_ranges = false;     ///< a stream of known length may be asked for in part
  std::shared_ptr<base::SharedMemory> memory;  ///< whose descriptor goes along with `body`
  std::string etag;                            ///< with its quotes; empty: none

  void Reset() {
    status = 200;
    content_type = "application/json";
    fields.clear();
    body.clear();
    stream.reset();
    memory.reset();
    stream_is_heavy = sends_early = gives_ranges = false;
    etag.clear();
  }
};

/// "Not Found" for 404.
std::string_view ReasonPhrase(int status) noexcept;

/// How a body's end is told.
enum class Framing {
  kLength,    ///< Content-Length
  kChunked,   ///< Transfer-Encoding: chunked
  kUntilEnd,  ///< HTTP/1.0: the connection's end
  kNone,      ///< there is no body and none is announced
};

struct ResponseHead {
  Framing framing = Framing::kLength;
  uint64_t content_length = 0;
  int http_minor = 1;
  bool keep_alive = true;
  std::string_view date;  ///< as RFC 9110 has it
};

/// Appends status line and fields, with the empty line.
void WriteHead(const Response& response, const ResponseHead& head, std::string* out);

}  // namespace headrace::server
