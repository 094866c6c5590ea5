#include "server/http/health.h"

#include <chrono>
#include <iterator>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "headrace/memory_budget.h"
#include "server/http/exchange.h"
#include "server/http/metrics.h"

namespace headrace::server {
namespace {

using Clock = std::chrono::steady_clock;

void WriteHealth(std::string_view status, double uptime_seconds, int64_t buffers,
                 const MemoryBudget& budget, const LiveCounters& live, std::string* out) {
  fmt::format_to(std::back_inserter(*out),
                 R"({{"status":"{}","version":"{}","uptime_seconds":{:.3f},"buffers":{},)"
                 R"("memory":{{"used_bytes":{},"limit_bytes":{}}},)"
                 R"("live":{{"clients":{},"subscriptions":{},"slow_subscriptions":{},)"
                 R"("queued_bytes":{},"rows_skipped":{}}}}})",
                 status, HEADRACE_VERSION, uptime_seconds, buffers, budget.used_bytes(),
                 budget.limit_bytes(), live.clients.load(), live.subscriptions.load(),
                 live.slow_subscriptions.load(), live.queued_bytes.load(),
                 live.rows_skipped.load());
}

}  // namespace

void AddHealthRoutes(const catalog::Catalog* catalog, const MemoryBudget* budget, Metrics* metrics,
                     const std::atomic<bool>* draining, RouteTable* routes) {
  routes->Add(Method::kGet, "/v1/health", "whether the server takes requests, and what it holds",
              [=, start = Clock::now()](Exchange& exchange) {
                const bool stopping = draining->load(std::memory_order_relaxed);
                const std::chrono::duration<double> uptime = Clock::now() - start;
                if (stopping) exchange.response.status = 503;
                WriteHealth(stopping ? "draining" : "ok", uptime.count(), catalog->num_buffers(),
                            *budget, metrics->live(), &exchange.response.body);
                return Status::OK();
              });
  Route& counters =
      routes->Add(Method::kGet, "/metrics", "counters for Prometheus", [=](Exchange& exchange) {
        exchange.response.content_type = Metrics::kContentType;
        exchange.response.body = metrics->Text(catalog->num_buffers(), *budget);
        return Status::OK();
      });
  counters.answer_types = {"text/plain"};
}

}  // namespace headrace::server
