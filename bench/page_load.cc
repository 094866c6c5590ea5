// Asks a server for the same page over and over on some keep-alive connections, from one thread.
// Prints one JSON object: requests per second, latencies in microseconds, bytes of one answer.
//
// usage: page_load PORT TARGET CONNECTIONS SECONDS

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Fail(std::string_view what) {
  fmt::print(stderr, "page_load: {}: {}\n", what, std::strerror(errno));
  std::exit(1);
}

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    Fail("connect");
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// Passes over one answer, with a Content-Length or in chunks, as its bytes come.
class Answer {
 public:
  // True when the answer is whole. Nothing follows it: one request is under way at a time.
  bool Take(std::string_view bytes) {
    total_ += bytes.size();
    while (!bytes.empty()) {
      if (skip_ > 0) {
        const size_t n = std::min(skip_, bytes.size());
        bytes.remove_prefix(n);
        skip_ -= n;
        if (skip_ == 0 && last_) return true;
        continue;
      }
      line_ += bytes.front();
      bytes.remove_prefix(1);
      const std::string_view end = in_head_ ? "\r\n\r\n" : "\r\n";
      if (!line_.ends_with(end)) continue;
      if (in_head_) {
        Begin();
        if (last_ && skip_ == 0) return true;
      } else if (line_ != "\r\n") {
        const size_t size = std::strtoull(line_.c_str(), nullptr, 16);
        skip_ = size + 2;
        last_ = size == 0;
      }
      line_.clear();
    }
    return false;
  }
  size_t total() const { return total_; }

 private:
  void Begin() {
    if (line_.substr(9, 3) != "200") Fail(line_);
    std::transform(line_.begin(), line_.end(), line_.begin(), ::tolower);
    const size_t at = line_.find("content-length: ");
    in_head_ = false;
    if (at == std::string::npos) return;
    skip_ = std::strtoull(line_.c_str() + at + 16, nullptr, 10);
    last_ = true;
  }

  std::string line_;  // of the head, or a chunk's size
  size_t skip_ = 0;   // of the body, or of a chunk and its line end
  size_t total_ = 0;
  bool in_head_ = true;
  bool last_ = false;
};

struct Connection {
  int fd;
  Answer answer;
  Clock::time_point asked;
};

void Ask(Connection& connection, const std::string& request) {
  connection.answer = {};
  connection.asked = Clock::now();
  const ssize_t sent = send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) Fail("send");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: page_load PORT TARGET CONNECTIONS SECONDS\n");
    return 2;
  }
  const std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", argv[2]);
  std::vector<Connection> connections;
  std::vector<pollfd> polled;
  for (int i = 0; i < std::atoi(argv[3]); ++i) {
    connections.push_back({.fd = Connect(std::atoi(argv[1])), .answer = {}, .asked = {}});
    polled.push_back({.fd = connections.back().fd, .events = POLLIN, .revents = 0});
    Ask(connections.back(), request);
  }
  std::vector<char> buffer(1 << 20);
  std::vector<double> us;
  size_t bytes = 0;
  const auto begin = Clock::now();
  const auto end =
      begin + std::chrono::milliseconds(static_cast<int64_t>(1e3 * std::atof(argv[4])));
  while (Clock::now() < end) {
    if (poll(polled.data(), polled.size(), 10'000) <= 0) Fail("poll");
    for (size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents == 0) continue;
      Connection& connection = connections[i];
      const ssize_t got = recv(connection.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) Fail("recv");
      if (!connection.answer.Take({buffer.data(), static_cast<size_t>(got)})) continue;
      us.push_back(
          std::chrono::duration<double, std::micro>(Clock::now() - connection.asked).count());
      bytes = connection.answer.total();
      Ask(connection, request);
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (us.empty()) Fail("no answer in time");
  std::sort(us.begin(), us.end());
  fmt::print(R"({{"requests_per_s": {:.1f}, "p50_us": {:.1f}, "p99_us": {:.1f}, "bytes": {}}})",
             static_cast<double>(us.size()) / seconds, us[us.size() / 2], us[us.size() * 99 / 100],
             bytes);
  return 0;
}
