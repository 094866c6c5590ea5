// Latency of a server's answers on one keep-alive connection, beside a bare socket's round trip in
// the same process and run. Prints one JSON object: microseconds, p50 and p99.
//
// usage: http_latency PORT    a buffer named `latency` must exist; one named `features` must be
// full

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Fail(const char* what) {
  fmt::print(stderr, "http_latency: {}: {}\n", what, std::strerror(errno));
  std::exit(1);
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) Fail("send");
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }

  size_t Receive(char* into, size_t most) {
    const ssize_t got = recv(fd_, into, most, 0);
    if (got <= 0) Fail("recv");
    return static_cast<size_t>(got);
  }

 private:
  int fd_;
};

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = Loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    Fail("connect");
  return fd;
}

// Reads one answer with a Content-Length or in chunks; keeps nothing beyond it, since nothing is
// pipelined.
size_t ReadAnswer(Socket& socket, std::vector<char>& buffer) {
  size_t have = 0;
  size_t body_at = 0;
  while (body_at == 0) {
    have += socket.Receive(buffer.data() + have, buffer.size() - have);
    const std::string_view text(buffer.data(), have);
    if (const auto end = text.find("\r\n\r\n"); end != std::string_view::npos) body_at = end + 4;
  }
  const std::string_view head(buffer.data(), body_at);
  if (head.substr(9, 3) != "200") {
    fmt::print(stderr, "http_latency: {}\n", std::string_view(buffer.data(), have));
    std::exit(1);
  }
  const auto length_at = head.find("ontent-Length: ");
  const bool chunked = length_at == std::string_view::npos;
  const size_t whole =
      chunked ? 0 : body_at + std::strtoull(head.data() + length_at + 15, nullptr, 10);
  size_t total = have;
  const auto ended = [&](size_t last) {
    return chunked ? last >= 5 && std::memcmp(buffer.data() + last - 5, "0\r\n\r\n", 5) == 0
                   : total >= whole;
  };
  size_t last = have;
  while (!ended(last)) {
    // The body is not kept: what counts is that it has arrived.
    char* into = buffer.data();
    std::memmove(into, buffer.data() + last - std::min<size_t>(last, 4), std::min<size_t>(last, 4));
    const size_t tail = std::min<size_t>(last, 4);
    const size_t got = socket.Receive(into + tail, buffer.size() - tail);
    total += got;
    last = tail + got;
  }
  return total;
}

std::string Percentiles(const char* name, int rounds, const std::function<void()>& once) {
  for (int i = 0; i < rounds / 10 + 1; ++i) once();
  std::vector<double> us;
  for (int i = 0; i < rounds; ++i) {
    const auto start = Clock::now();
    once();
    us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  std::sort(us.begin(), us.end());
  return fmt::format("\"{}\": {{\"p50_us\": {:.1f}, \"p99_us\": {:.1f}}}", name, us[us.size() / 2],
                     us[us.size() * 99 / 100]);
}

std::string BareSocket(size_t request_bytes, size_t reply_bytes) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) Fail("bind");
  listen(listener, 1);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::thread echo([&] {
    const int fd = accept(listener, nullptr, nullptr);
    Socket peer(fd);
    std::vector<char> buffer(1 << 16);
    const std::string reply(reply_bytes, 'r');
    while (true) {
      const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      peer.Send(reply);
    }
  });
  std::string result;
  {
    Socket client(Connect(ntohs(address.sin_port)));
    const std::string request(request_bytes, 'q');
    std::vector<char> buffer(1 << 16);
    result = Percentiles("bare_socket", 20'000, [&] {
      client.Send(request);
      size_t got = 0;
      while (got < reply_bytes) got += client.Receive(buffer.data(), buffer.size());
    });
  }
  echo.join();
  close(listener);
  return result;
}

std::string Post(std::string_view path, std::string_view accept, std::string_view body) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: {}\r\n"
      "Content-Length: {}\r\n\r\n{}",
      path, accept, body.size(), body);
}

std::string AppendRequest(int rows) {
  std::string body = R"({"buffer_id": "latency", "data": [)";
  for (int r = 0; r < rows; ++r) {
    body += fmt::format(R"({}{{"a": {}.25, "b": {}.5, "c": 1013.25, "d": 0.125, "e": {}.75}})",
                        r == 0 ? "" : ", ", r, 2 * r, 3 * r);
  }
  return Post("/v1/ml/polars/append", "application/json", body + "]}");
}

std::string FeaturesRequest(int first_lag) {
  return Post("/v1/ml/polars/features", "application/vnd.apache.arrow.stream",
              fmt::format(R"({{"buffer_id": "features", "rolling_windows": [5, 50, 500], )"
                          R"("lag_periods": [{}, 2, 3]}})",
                          first_lag));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: http_latency PORT\n");
    return 2;
  }
  const int port = std::atoi(argv[1]);
  std::vector<char> buffer(8 << 20);
  std::string out = "{" + BareSocket(300, 200);
  Socket socket(Connect(port));
  const auto exchange = [&](const std::string& request) {
    socket.Send(request);
    ReadAnswer(socket, buffer);
  };
  for (const auto& [name, rows, rounds] : {std::tuple{"append_1", 1, 20'000},
                                           {"append_100", 100, 3'000},
                                           {"append_1000", 1000, 500}}) {
    const std::string request = AppendRequest(rows);
    out += ", " + Percentiles(name, rounds, [&] { exchange(request); });
  }
  const std::string kept = FeaturesRequest(1);
  out += ", " + Percentiles("features_kept", 200, [&] { exchange(kept); });
  int lag = 3;
  out += ", " + Percentiles("features_from_scratch", 60, [&] {
           lag = lag > 200 ? 4 : lag + 1;  // another plan each time
           exchange(FeaturesRequest(lag));
         });
  fmt::print("{}}}\n", out);
  return 0;
}
