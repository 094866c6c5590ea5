#include "server/pgwire/wire_socket.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace headrace::server::pgwire {
namespace {

/// False past the deadline.
bool WaitFor(int descriptor, int16_t events,
             std::optional<WireSocket::Clock::time_point> deadline) {
  while (true) {
    int timeout_ms = -1;
    if (deadline) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*deadline - WireSocket::Clock::now());
      timeout_ms = static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1'000'000));
    }
    pollfd polled{.fd = descriptor, .events = events, .revents = 0};
    const int ready = ::poll(&polled, 1, timeout_ms);
    if (ready > 0) return true;
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0 || WireSocket::Clock::now() >= *deadline) return false;
  }
}

}  // namespace

WireSocket::WireSocket(int descriptor) : descriptor_(descriptor) {
  const int on = 1;
  (void)::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  // A peer that vanished without a word is noticed in two minutes or so.
  const int idle_s = 60;
  const int between_s = 15;
  const int count = 4;
  (void)::setsockopt(descriptor_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  (void)::setsockopt(descriptor_, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
  (void)::setsockopt(descriptor_, IPPROTO_TCP, TCP_KEEPINTVL, &between_s, sizeof(between_s));
  (void)::setsockopt(descriptor_, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

WireSocket::~WireSocket() { ::close(descriptor_); }

size_t WireSocket::Read(std::span<char> out, std::optional<Clock::time_point> deadline) {
  while (true) {
    const ssize_t n = ::recv(descriptor_, out.data(), out.size(), MSG_DONTWAIT);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return 0;
    if (!WaitFor(descriptor_, POLLIN, deadline)) return 0;
  }
}

bool WireSocket::Write(std::string_view bytes, std::chrono::milliseconds timeout) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
    if (!WaitFor(descriptor_, POLLOUT, Clock::now() + timeout)) return false;
  }
  return true;
}

void WireSocket::EndInput() { (void)::shutdown(descriptor_, SHUT_RD); }
void WireSocket::Abort() { (void)::shutdown(descriptor_, SHUT_RDWR); }

bool WireSocket::PeerIsGone() const {
  pollfd polled{.fd = descriptor_, .events = POLLRDHUP, .revents = 0};
  return ::poll(&polled, 1, 0) > 0;
}

}  // namespace headrace::server::pgwire
