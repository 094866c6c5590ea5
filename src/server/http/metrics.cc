#include "server/http/metrics.h"

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "headrace/memory_budget.h"

namespace headrace::server {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

const prometheus::Histogram::BucketBoundaries kSeconds = {1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 1e-3,
                                                          5e-3, 2.5e-2, 0.1,  0.5,  2.5,    10};

constexpr int kStatuses = 600;

/// The two series of one route and status, looked up once and then found by number.
struct Series {
  prometheus::Counter* requests;
  prometheus::Histogram* seconds;
};

}  // namespace

struct Metrics::Impl {
  struct RouteSeries {
    std::string method;
    std::string pattern;
    std::array<std::atomic<Series*>, kStatuses> by_status{};
  };

  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = BuildCounter()
                                                          .Name("headrace_http_requests_total")
                                                          .Help("HTTP requests by route and status")
                                                          .Register(registry);
  prometheus::Family<prometheus::Histogram>& seconds =
      BuildHistogram()
          .Name("headrace_http_request_duration_seconds")
          .Help("From a request's last byte to the first of its answer")
          .Register(registry);
  prometheus::Gauge& connections = BuildGauge()
                                       .Name("headrace_http_connections")
                                       .Help("Open HTTP connections")
                                       .Register(registry)
                                       .Add({});
  prometheus::Counter& refused = BuildCounter()
                                     .Name("headrace_http_connections_refused_total")
                                     .Help("Connections beyond the limit")
                                     .Register(registry)
                                     .Add({});
  prometheus::Counter& appended = BuildCounter()
                                      .Name("headrace_rows_appended_total")
                                      .Help("Rows appended to buffers")
                                      .Register(registry)
                                      .Add({});
  prometheus::Counter& read = BuildCounter()
                                  .Name("headrace_rows_read_total")
                                  .Help("Rows read from buffers")
                                  .Register(registry)
                                  .Add({});
  prometheus::Gauge& buffers =
      BuildGauge().Name("headrace_buffers").Help("Buffers that exist").Register(registry).Add({});
  prometheus::Gauge& used = BuildGauge()
                                .Name("headrace_memory_used_bytes")
                                .Help("Memory held")
                                .Register(registry)
                                .Add({});
  prometheus::Gauge& limit = BuildGauge()
                                 .Name("headrace_memory_limit_bytes")
                                 .Help("Memory that may be held")
                                 .Register(registry)
                                 .Add({});
  prometheus::Family<prometheus::Gauge>& owners = BuildGauge()
                                                      .Name("headrace_memory_owner_bytes")
                                                      .Help("Memory held by owner")
                                                      .Register(registry);

  /// A figure of LiveCounters and its series; one of the two.
  struct LiveSeries {
    const std::atomic<int64_t>* value;
    prometheus::Gauge* gauge;
    prometheus::Counter* counter;
  };
  std::vector<LiveSeries> live;

  void AddLiveGauge(const std::atomic<int64_t>& value, const char* name, const char* help) {
    auto& gauge = BuildGauge().Name(name).Help(help).Register(registry).Add({});
    live.push_back({&value, &gauge, nullptr});
  }
  void AddLiveCounter(const std::atomic<int64_t>& value, const char* name, const char* help) {
    auto& counter = BuildCounter().Name(name).Help(help).Register(registry).Add({});
    live.push_back({&value, nullptr, &counter});
  }
  void AddLive(const LiveCounters& counters) {
    AddLiveGauge(counters.clients, "headrace_live_clients", "Open WebSockets");
    AddLiveGauge(counters.subscriptions, "headrace_live_subscriptions", "Subscriptions");
    AddLiveGauge(counters.slow_subscriptions, "headrace_live_slow_subscriptions",
                 "Subscriptions whose client has not taken what it was sent");
    AddLiveGauge(counters.queued_bytes, "headrace_live_queued_bytes",
                 "Messages that wait to be sent; clients share the bytes of rows");
    AddLiveCounter(counters.messages_sent, "headrace_live_messages_total", "Messages sent");
    AddLiveCounter(counters.batches_encoded, "headrace_live_batches_total",
                   "Record batches encoded, each for all who asked for it");
    AddLiveCounter(counters.rows_sent, "headrace_live_rows_total", "Rows queued for clients");
    AddLiveCounter(counters.rows_skipped, "headrace_live_rows_skipped_total",
                   "Rows that clients with policy latest did not get");
    AddLiveCounter(counters.fallen_behind, "headrace_live_fallen_behind_total",
                   "Clients with policy all that were ended because rows did not fit");
    AddLiveCounter(counters.not_answering, "headrace_live_not_answering_total",
                   "Clients that were given up because they took or answered nothing");
  }
  void SetLive() {
    for (const LiveSeries& each : live) {
      const auto value = static_cast<double>(each.value->load());
      if (each.gauge != nullptr) each.gauge->Set(value);
      if (each.counter != nullptr) each.counter->Increment(value - each.counter->Value());
    }
  }

  std::mutex mutex;  // making series, and the gauges of Text()
  std::deque<RouteSeries> routes;
  std::deque<Series> series;
  std::map<std::string, prometheus::Gauge*> by_owner;

  Series* Make(RouteSeries* route, int status) {
    std::lock_guard lock(mutex);
    Series* found = route->by_status[status].load(std::memory_order_relaxed);
    if (found != nullptr) return found;
    const prometheus::Labels labels = {
        {"method", route->method}, {"route", route->pattern}, {"status", std::to_string(status)}};
    series.push_back({&requests.Add(labels), &seconds.Add(labels, kSeconds)});
    route->by_status[status].store(&series.back(), std::memory_order_release);
    return &series.back();
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  SetRoutes({});
  impl_->AddLive(live_);
}
Metrics::~Metrics() = default;

void Metrics::SetRoutes(std::span<const Route> routes) {
  impl_->routes.clear();
  impl_->routes.emplace_back().pattern = "none";
  for (const Route& route : routes) {
    auto& series = impl_->routes.emplace_back();
    series.method = MethodName(route.method);
    series.pattern = route.pattern;
  }
}

void Metrics::CountRequest(int route, int status, std::chrono::nanoseconds duration) noexcept {
  auto& by_status = impl_->routes[static_cast<size_t>(route + 1)];
  Series* series = by_status.by_status[status].load(std::memory_order_acquire);
  if (series == nullptr) series = impl_->Make(&by_status, status);
  series->requests->Increment();
  series->seconds->Observe(std::chrono::duration<double>(duration).count());
}

void Metrics::CountConnection(int64_t change) noexcept {
  impl_->connections.Increment(static_cast<double>(change));
}

void Metrics::CountRefusedConnection() noexcept { impl_->refused.Increment(); }

void Metrics::OnDone(delivery::Operation operation, const Status& status, int64_t rows,
                     std::chrono::nanoseconds) noexcept {
  if (!status.ok() || rows == 0) return;
  if (operation == delivery::Operation::kAppend) {
    impl_->appended.Increment(static_cast<double>(rows));
  } else if (operation == delivery::Operation::kRead) {
    impl_->read.Increment(static_cast<double>(rows));
  }
}

std::string Metrics::Text(int64_t num_buffers, const MemoryBudget& budget) {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->SetLive();
    impl_->buffers.Set(static_cast<double>(num_buffers));
    impl_->used.Set(static_cast<double>(budget.used_bytes()));
    impl_->limit.Set(static_cast<double>(budget.limit_bytes()));
    for (auto& [owner, gauge] : impl_->by_owner) gauge->Set(0);
    for (const MemoryBudget::Share& share : budget.Shares()) {
      prometheus::Gauge*& gauge = impl_->by_owner[share.owner];
      if (gauge == nullptr) gauge = &impl_->owners.Add({{"owner", share.owner}});
      gauge->Set(static_cast<double>(share.bytes));
    }
  }
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace headrace::server
