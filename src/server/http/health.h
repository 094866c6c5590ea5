#pragma once

#include <atomic>

#include "server/http/route_table.h"

namespace headrace {
class MemoryBudget;
namespace catalog {
class Catalog;
}
}  // namespace headrace

namespace headrace::server {

class LiveRoster;
class Metrics;

/// GET /v1/health and GET /metrics. What is pointed at outlives the table.
void AddHealthRoutes(const catalog::Catalog* catalog, const MemoryBudget* budget, Metrics* metrics,
                     const LiveRoster* roster, const std::atomic<bool>* draining,
                     RouteTable* routes);

}  // namespace headrace::server
