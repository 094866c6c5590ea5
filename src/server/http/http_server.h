#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "delivery/allowed_paths.h"
#include "headrace/status.h"
#include "server/websocket/live_options.h"

namespace spdlog {
class logger;
}

namespace headrace {
class MemoryBudget;
namespace catalog {
class Catalog;
}
namespace delivery {
class Bars;
class SqlService;
}  // namespace delivery
}  // namespace headrace

namespace headrace::server {

struct HttpServerOptions {
  std::string host = "127.0.0.1";  ///< numeric address or a name; only its first address is bound
  uint16_t port = 14345;           ///< 0: any free one, see HttpServer::port()
  /// A Unix socket to listen on as well, for processes of this user: a path; empty: none.
  std::string unix_socket;
  int threads = 0;  ///< that serve connections; 0: as many as cores, at least 2

  int64_t max_connections = 4096;     ///< more are answered 503 and closed
  int64_t max_header_bytes = 32768;   ///< of request line and header fields; more is 413
  int64_t max_body_bytes = 64 << 20;  ///< more is 413

  std::chrono::milliseconds idle_timeout{75'000};     ///< a kept-alive connection without a request
  std::chrono::milliseconds request_timeout{30'000};  ///< from a request's first byte to its last;
                                                      ///< long bodies get more as they come in
  std::chrono::milliseconds write_timeout{30'000};    ///< a client that takes no more of its answer

  LiveOptions live;
};

/// What the server serves. All of it outlives the server.
struct ServerContext {
  catalog::Catalog* catalog = nullptr;
  MemoryBudget* budget = nullptr;
  std::shared_ptr<spdlog::logger> log;   ///< none: nothing is logged
  delivery::AllowedPaths allowed_paths;  ///< where clients may name files
  delivery::SqlService* sql = nullptr;   ///< none: SQL is not served
  delivery::Bars* bars = nullptr;        ///< none: bars are not served
};

/// The HTTP server: listens from Start() until Drain() or destruction. Requests run on its own
/// threads. Thread rule: all methods may be called from any thread.
class HttpServer {
 public:
  /// ErrorCode::kAddressInUse if the port is taken, kBadConfig for a host or a limit that cannot
  /// be.
  static Result<std::unique_ptr<HttpServer>> Start(HttpServerOptions options,
                                                   ServerContext context);

  /// The port that is listened on.
  uint16_t port() const noexcept;

  /// Stops accepting, closes connections that wait for a request, lets requests in flight finish
  /// and closes theirs; after `bound` the rest is cut off. Returns true if nothing had to be.
  bool Drain(std::chrono::milliseconds bound);

  /// Cuts off whatever Drain() has not ended.
  ~HttpServer();

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::server
