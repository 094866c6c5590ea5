#include "server/http/health.h"

#include <chrono>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "codec/json_rows.h"
#include "headrace/memory_budget.h"
#include "server/http/exchange.h"
#include "server/http/metrics.h"
#include "server/websocket/live_roster.h"

namespace headrace::server {
namespace {

using Clock = std::chrono::steady_clock;

// Named of all subscriptions: each is some hundred bytes of an answer that is asked for often.
constexpr size_t kListed = 50;

void WriteSubscription(const LiveRoster::Entry& entry, std::string* out) {
  const auto& [name, progress] = entry;
  auto at = std::back_inserter(*out);
  *out += R"({"peer":)";
  codec::WriteJsonString(name.peer, out);
  fmt::format_to(at, R"(,"id":{},"table":)", name.id);
  codec::WriteJsonString(name.table, out);
  fmt::format_to(at,
                 R"(,"policy":"{}","rate":{},"slow":{},"queued_bytes":{},"rows_sent":{},)"
                 R"("rows_skipped":{}}})",
                 name.policy == LivePolicy::kAll ? "all" : "latest",
                 name.rate ? fmt::to_string(*name.rate) : "null", progress.slow,
                 progress.queued_bytes, progress.rows_sent, progress.rows_skipped);
}

void WriteLive(const LiveCounters& live, const LiveRoster& roster, std::string* out) {
  fmt::format_to(std::back_inserter(*out),
                 R"({{"clients":{},"subscriptions":{},"slow_subscriptions":{},)"
                 R"("queued_bytes":{},"rows_skipped":{},"slowest":[)",
                 live.clients.load(), live.subscriptions.load(), live.slow_subscriptions.load(),
                 live.queued_bytes.load(), live.rows_skipped.load());
  bool first = true;
  for (const LiveRoster::Entry& entry : roster.Slowest(kListed)) {
    if (!std::exchange(first, false)) *out += ',';
    WriteSubscription(entry, out);
  }
  *out += "]}";
}

void WriteHealth(std::string_view status, double uptime_seconds, int64_t buffers,
                 const MemoryBudget& budget, std::string* out) {
  fmt::format_to(std::back_inserter(*out),
                 R"({{"status":"{}","version":"{}","uptime_seconds":{:.3f},"buffers":{},)"
                 R"("memory":{{"used_bytes":{},"limit_bytes":{}}},"live":)",
                 status, HEADRACE_VERSION, uptime_seconds, buffers, budget.used_bytes(),
                 budget.limit_bytes());
}

}  // namespace

void AddHealthRoutes(const catalog::Catalog* catalog, const MemoryBudget* budget, Metrics* metrics,
                     const LiveRoster* roster, const std::atomic<bool>* draining,
                     RouteTable* routes) {
  routes->Add(Method::kGet, "/v1/health",
              "whether the server takes requests, what it holds, and who does not keep up",
              [=, start = Clock::now()](Exchange& exchange) {
                const bool stopping = draining->load(std::memory_order_relaxed);
                const std::chrono::duration<double> uptime = Clock::now() - start;
                if (stopping) exchange.response.status = 503;
                WriteHealth(stopping ? "draining" : "ok", uptime.count(), catalog->num_buffers(),
                            *budget, &exchange.response.body);
                WriteLive(metrics->live(), *roster, &exchange.response.body);
                exchange.response.body += '}';
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
