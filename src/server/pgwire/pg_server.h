#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "headrace/status.h"

namespace spdlog {
class logger;
}

namespace headrace {
class MemoryBudget;
namespace delivery {
class SqlService;
}
}  // namespace headrace

namespace headrace::server::pgwire {

struct PgServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 5439;           ///< 0: any free one, see PgServer::port()
  int64_t max_connections = 100;  ///< more are told so and closed
  size_t max_message_bytes = 64 << 20;
  std::chrono::milliseconds startup_timeout{10'000};  ///< until a client has said who it is
  std::chrono::milliseconds write_timeout{60'000};    ///< a client that takes nothing of its rows
};

/// What the server serves. All of it outlives the server.
struct PgServerContext {
  delivery::SqlService* sql = nullptr;
  MemoryBudget* budget = nullptr;
  std::shared_ptr<spdlog::logger> log;  ///< none: nothing is logged
};

/// The PostgreSQL protocol, version 3. Every connection has a thread of its own, because a session
/// keeps one while it waits for rows or for the right to write: on a pool, those who wait would
/// hold the threads that the one they wait for needs. Thread rule: all methods may be called from
/// any thread.
class PgServer {
 public:
  /// kAddressInUse if the port is taken; kBadConfig for a host or a limit that cannot be; what
  /// opening the database says.
  static Result<std::unique_ptr<PgServer>> Start(PgServerOptions options, PgServerContext context);

  uint16_t port() const noexcept;

  /// Stops accepting, ends connections that wait for a message and others after their statement;
  /// after `bound` the rest is cut off and its statements cancelled. True if nothing had to be.
  bool Drain(std::chrono::milliseconds bound);

  /// Cuts off whatever Drain() has not ended.
  ~PgServer();

 private:
  class Impl;
  explicit PgServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::server::pgwire
