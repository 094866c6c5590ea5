#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "headrace/status.h"
#include "server/http/request.h"

namespace headrace::server {

class BodyBuffer;

struct ParserLimits {
  size_t max_header_bytes = 32768;
  size_t max_body_bytes = 64 << 20;
};

/// Reads HTTP/1.x requests, one after the other. Bytes are offered as they come in; those that were
/// taken are not offered again. Thread rule: one thread at a time.
///
/// Errors, after which the connection cannot go on: kMalformedBody for what is not HTTP, kTooLarge
/// beyond a limit, kNotImplemented for a transfer coding other than chunked.
class RequestParser {
 public:
  explicit RequestParser(ParserLimits limits);
  ~RequestParser();

  /// Gets ready for the next request.
  void Reset();

  /// Reads the head into `request`, which was reset. Returns how many bytes were taken.
  Result<size_t> ParseHead(std::string_view bytes, Request* request);
  bool head_done() const noexcept;

  /// What the head says of the body. Requires: head_done().
  bool is_chunked() const noexcept;
  size_t content_length() const noexcept;  ///< 0 if there is no body, or if it is chunked

  /// Reads chunks into `body`. Requires: is_chunked(). Returns how many bytes were taken; 0 if
  /// more are needed to take any.
  Result<size_t> ParseChunks(std::string_view bytes, BodyBuffer* body);
  bool chunks_done() const noexcept;

 private:
  class Impl;
  const ParserLimits limits_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::server
