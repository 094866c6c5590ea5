// Calls over loopback on one kept-alive connection, beside the bare round trip of a socket.
// Percentiles are in microseconds.

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "headrace/memory_budget.h"
#include "server/http/http_server.h"
#include "server/http/raw_client.h"

namespace headrace::server {
namespace {

using Clock = std::chrono::steady_clock;
using testing::RequestText;

int Connect(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) std::abort();
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  return fd;
}

/// A connection that asks and reads whole answers, with as little work of its own as can be.
class Caller {
 public:
  explicit Caller(uint16_t port) : fd_(Connect(port)), input_(64 << 20, '\0') {}
  ~Caller() { ::close(fd_); }

  /// Bytes of the answer.
  size_t Call(const std::string& request) {
    size_t sent = 0;
    while (sent < request.size()) {
      const ssize_t n = ::send(fd_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) std::abort();
      sent += static_cast<size_t>(n);
    }
    size_t have = 0;
    while (!Whole(have)) {
      const ssize_t n = ::recv(fd_, input_.data() + have, input_.size() - have, 0);
      if (n <= 0) std::abort();
      have += static_cast<size_t>(n);
    }
    if (std::memcmp(input_.data(), "HTTP/1.1 200", 12) != 0) std::abort();
    return have;
  }

 private:
  bool Whole(size_t have) const {
    const std::string_view text(input_.data(), have);
    const size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    const std::string_view head = text.substr(0, end);
    const size_t length = head.find("Content-Length: ");
    if (length == std::string_view::npos) return text.ends_with("\r\n0\r\n\r\n");
    return have == end + 4 + std::stoul(std::string(head.substr(length + 16, 12)));
  }

  const int fd_;
  std::string input_;
};

template <typename Work>
void Measure(benchmark::State& state, Work work) {
  for (int i = 0; i < 200; ++i) work();
  std::vector<double> us;
  for (auto _ : state) {
    const auto begin = Clock::now();
    work();
    us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  std::sort(us.begin(), us.end());
  state.counters["p50"] = us[us.size() / 2];
  state.counters["p99"] = us[us.size() * 99 / 100];
}

struct Server {
  MemoryBudget budget{2LL << 30};
  catalog::Catalog catalog{&budget};
  std::unique_ptr<HttpServer> server =
      *HttpServer::Start({.port = 0, .threads = 2}, {.catalog = &catalog, .budget = &budget});
};

std::string AppendRequest(int64_t rows) {
  std::string data;
  for (int64_t i = 0; i < rows; ++i) {
    data += fmt::format(
        R"({}{{"temperature":{}.5,"humidity":45.25,"pressure":1013.25,"x":{},"y":0.1}})",
        i > 0 ? "," : "", 70 + i % 7, i);
  }
  return RequestText("POST", "/v1/ml/polars/append",
                     fmt::format(R"({{"buffer_id":"b","data":[{}]}})", data),
                     "Content-Type: application/json\r\n");
}

void BareRoundTrip(benchmark::State& state) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener, 1) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  std::thread echo([&] {
    const int fd = ::accept(listener, nullptr, nullptr);
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    char bytes[4096];
    for (ssize_t n; (n = ::recv(fd, bytes, sizeof(bytes), 0)) > 0;) {
      if (::send(fd, bytes, static_cast<size_t>(n), MSG_NOSIGNAL) != n) break;
    }
    ::close(fd);
  });
  const int fd = Connect(ntohs(address.sin_port));
  const std::string request = AppendRequest(1);
  char bytes[4096];
  Measure(state, [&] {
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) std::abort();
    for (size_t have = 0; have < request.size();) {
      const ssize_t n = ::recv(fd, bytes, sizeof(bytes), 0);
      if (n <= 0) std::abort();
      have += static_cast<size_t>(n);
    }
  });
  ::close(fd);
  echo.join();
  ::close(listener);
}
BENCHMARK(BareRoundTrip)->UseRealTime();

void Health(benchmark::State& state) {
  Server server;
  Caller caller(server.server->port());
  const std::string request = RequestText("GET", "/v1/health");
  Measure(state, [&] { caller.Call(request); });
}
BENCHMARK(Health)->UseRealTime();

void Append(benchmark::State& state) {
  Server server;
  (void)server.catalog.CreateBuffer({.name = "b", .window_size = 10'000});
  Caller caller(server.server->port());
  const std::string request = AppendRequest(state.range(0));
  Measure(state, [&] { caller.Call(request); });
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Append)->Arg(1)->Arg(100)->Arg(1000)->UseRealTime();

std::string FeaturesRequest(std::string_view accept, std::string_view fields) {
  return RequestText("POST", "/v1/ml/polars/features",
                     fmt::format(R"({{"buffer_id":"b"{}}})", fields),
                     fmt::format("Accept: {}\r\n", accept));
}

/// 60 rolling features and 15 lags of 10,000 rows of 5 columns, kept up to date.
void Features(benchmark::State& state, std::string_view accept, std::string_view fields) {
  Server server;
  (void)server.catalog.CreateBuffer({.name = "b", .window_size = 10'000});
  Caller caller(server.server->port());
  for (int i = 0; i < 12; ++i) caller.Call(AppendRequest(1000));
  const std::string request = FeaturesRequest(accept, fields);
  size_t bytes = 0;
  Measure(state, [&] { bytes = caller.Call(request); });
  state.SetBytesProcessed(static_cast<int64_t>(bytes) * state.iterations());
}
BENCHMARK_CAPTURE(Features, arrow, "application/vnd.apache.arrow.stream", "")->UseRealTime();
BENCHMARK_CAPTURE(Features, json, "application/json", "")->UseRealTime();
BENCHMARK_CAPTURE(Features, json_tail_1, "application/json", R"(,"tail":1)")->UseRealTime();

}  // namespace
}  // namespace headrace::server
