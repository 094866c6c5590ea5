#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "delivery/delivery.h"
#include "delivery/tables.h"
#include "server/http/http_server.h"
#include "server/websocket/live_counters.h"
#include "server/websocket/live_feed.h"
#include "server/websocket/live_roster.h"

namespace headrace::server {

struct Exchange;
class IoThread;
class RouteTable;

/// What all connections of /v1/live share. What is pointed at outlives it; it outlives the
/// connections. Thread rule: all methods may be called from any thread.
class LiveService {
 public:
  LiveService(delivery::Delivery* delivery, delivery::Tables* tables, LiveCounters* counters,
              const std::atomic<bool>* draining)
      : delivery_(delivery), tables_(tables), counters_(counters), draining_(draining) {}

  /// GET /v1/live, which becomes a WebSocket. The handler refers to this object.
  void AddRoutes(const LiveOptions& options, RouteTable* routes);

  /// The feeds of one thread, for use by that thread.
  LiveFeeds& FeedsOf(const IoThread* thread);

  delivery::Delivery& delivery() const noexcept { return *delivery_; }
  delivery::Tables& tables() const noexcept { return *tables_; }
  LiveCounters& counters() const noexcept { return *counters_; }
  LiveRoster& roster() noexcept { return roster_; }

 private:
  Status Connect(const LiveOptions& options, Exchange& exchange);

  delivery::Delivery* const delivery_;
  delivery::Tables* const tables_;
  LiveCounters* const counters_;
  const std::atomic<bool>* const draining_;
  LiveRoster roster_;
  std::mutex mutex_;
  std::map<const IoThread*, LiveFeeds> feeds_;
};

}  // namespace headrace::server
