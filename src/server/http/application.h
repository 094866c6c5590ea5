#pragma once

#include <atomic>

#include "delivery/delivery.h"
#include "delivery/tables.h"
#include "server/http/bars_api.h"
#include "server/http/exchange.h"
#include "server/http/http_server.h"
#include "server/http/metrics.h"
#include "server/http/polars_api.h"
#include "server/http/route_table.h"
#include "server/http/seed_api.h"
#include "server/http/sql_api.h"
#include "server/http/tables_api.h"
#include "server/websocket/live_service.h"

namespace headrace::server {

/// Turns requests into answers; knows no socket. Thread rule: all methods may be called from any
/// thread, each exchange by one at a time.
class Application {
 public:
  explicit Application(const ServerContext& context, const LiveOptions& live = {});

  /// Finds who answers, from the head alone, so that a body nobody wants is not read. On failure
  /// Fail() makes the answer.
  Status FindRoute(Exchange* exchange) const;

  /// Answers the request, or asks for the pool (Exchange::wants_pool).
  void Handle(Exchange* exchange) const;

  /// Makes the answer to a request that cannot be handled.
  void Fail(const Status& status, Exchange* exchange) const;

  /// From now on health says that the server is stopping.
  void StartDraining() noexcept { draining_.store(true, std::memory_order_relaxed); }
  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }

  Metrics& metrics() noexcept { return metrics_; }

 private:
  std::atomic<bool> draining_ = false;
  Metrics metrics_;
  delivery::Delivery delivery_;
  PolarsApi polars_api_;
  delivery::Tables tables_;
  TablesApi tables_api_;
  SeedApi seed_api_;
  SqlApi sql_api_;
  BarsApi bars_api_;
  LiveService live_;
  RouteTable routes_;
};

}  // namespace headrace::server
