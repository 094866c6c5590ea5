#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "delivery/observer.h"
#include "server/http/route_table.h"
#include "server/websocket/live_counters.h"

namespace headrace {
class MemoryBudget;
}

namespace headrace::server {

/// What the server counts of itself, in Prometheus' terms. Thread rule: all methods may be called
/// from any thread once SetRoutes() is through.
class Metrics final : public delivery::Observer {
 public:
  Metrics();
  ~Metrics() override;

  /// Names the route numbers that CountRequest() will be given.
  void SetRoutes(std::span<const Route> routes);

  /// `route` -1: none was found.
  void CountRequest(int route, int status, std::chrono::nanoseconds duration) noexcept;
  void CountConnection(int64_t change) noexcept;  ///< +1 opened, -1 closed
  void CountRefusedConnection() noexcept;

  void OnDone(delivery::Operation operation, const Status& status, int64_t rows,
              std::chrono::nanoseconds duration) noexcept override;

  LiveCounters& live() noexcept { return live_; }

  /// All of it as text, with what is held now.
  std::string Text(int64_t num_buffers, const MemoryBudget& budget);

  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Impl;
  LiveCounters live_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::server
