#include "server/http/socket_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

namespace headrace::server {
namespace {

namespace asio = boost::asio;

constexpr asio::as_tuple_t<asio::use_awaitable_t<IoExecutor>> kAwait;
// One sendmsg takes no more (IOV_MAX).
constexpr size_t kMaxPieces = 1024;
// To a peer on this machine nothing is under way for long, so a large buffer only has bytes leave
// the processor's cache before they are read: 4 MiB, to which the system lets it grow, took twice
// the time of this. To peers far away the system knows better.
constexpr int kLoopbackBufferBytes = 256 << 10;

/// A message that takes a descriptor along.
struct Passing {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};

  void Add(int descriptor, msghdr* message) {
    message->msg_control = control.data();
    message->msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
  }
};

bool IsLocal(const StreamSocket& socket) {
  boost::system::error_code error;
  const auto endpoint = socket.local_endpoint(error);
  return !error && endpoint.protocol().family() == AF_UNIX;
}

/// None: it is not of TCP, or gone.
std::optional<asio::ip::tcp::endpoint> TcpPeer(const StreamSocket& socket) {
  boost::system::error_code error;
  const auto peer = socket.remote_endpoint(error);
  asio::ip::tcp::endpoint endpoint;
  const int family = error ? AF_UNSPEC : peer.protocol().family();
  if (family != AF_INET && family != AF_INET6) return std::nullopt;
  std::memcpy(endpoint.data(), peer.data(), peer.size());
  return endpoint;
}

/// Whether the peer of a TCP connection is on this machine.
bool IsLoopback(const StreamSocket& socket) {
  const auto peer = TcpPeer(socket);
  return peer && peer->address().is_loopback();
}

/// Takes `sent` bytes off the front.
std::span<iovec> Advance(std::span<iovec> pieces, size_t sent) {
  while (!pieces.empty() && sent >= pieces.front().iov_len) {
    sent -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (sent > 0) {
    pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + sent;
    pieces.front().iov_len -= sent;
  }
  return pieces;
}

}  // namespace

std::string PeerName(const StreamSocket& socket) {
  if (IsLocal(socket)) return "unix";
  const auto peer = TcpPeer(socket);
  if (!peer) return "gone";
  const std::string address = peer->address().to_string();
  if (peer->address().is_v6()) return fmt::format("[{}]:{}", address, peer->port());
  return fmt::format("{}:{}", address, peer->port());
}

SocketStream::SocketStream(StreamSocket socket)
    : socket_(std::move(socket)), is_local_(IsLocal(socket_)) {
  boost::system::error_code ignored;
  if (!is_local_) socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  if (IsLoopback(socket_)) {
    socket_.set_option(asio::socket_base::send_buffer_size(kLoopbackBufferBytes), ignored);
  }
}

Awaitable<size_t> SocketStream::Read(std::span<char> out) {
  if (interrupted_) co_return 0;
  // Asio tries the read at once and waits only if there is nothing.
  const auto [error, n] =
      co_await socket_.async_read_some(asio::buffer(out.data(), out.size()), kAwait);
  co_return error ? 0 : n;
}

Awaitable<bool> SocketStream::Write(std::span<iovec> pieces, Clock::duration timeout) {
  pieces = Advance(pieces, 0);
  while (!pieces.empty()) {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = std::min(pieces.size(), kMaxPieces);
    Passing passing;
    if (passed_ >= 0) passing.Add(passed_, &message);
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (sent >= 0) {
      passed_ = -1;
      pieces = Advance(pieces, static_cast<size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return false;
    deadline_ = Clock::now() + timeout;
    const auto [error] = co_await socket_.async_wait(StreamSocket::wait_write, kAwait);
    deadline_.reset();
    if (error) co_return false;
  }
  co_return true;
}

Awaitable<void> SocketStream::CloseGently(Clock::duration timeout) {
  boost::system::error_code ignored;
  socket_.shutdown(StreamSocket::shutdown_send, ignored);
  if (!interrupted_) {
    deadline_ = Clock::now() + timeout;
    std::array<char, 16384> rest;
    while (co_await Read(rest) > 0) {
    }
  }
  socket_.close(ignored);
}

void SocketStream::CheckDeadline(Clock::time_point now) {
  if (!deadline_ || now < *deadline_) return;
  deadline_.reset();
  timed_out_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void SocketStream::WatchPeer(std::function<void()> gone) {
  watch_ = std::make_shared<std::function<void()>>(std::move(gone));
  socket_.async_wait(StreamSocket::wait_read, [this, watch = std::weak_ptr(watch_)](
                                                  const boost::system::error_code& error) {
    const auto watched = watch.lock();
    if (watched == nullptr || error) return;
    char byte = 0;
    const ssize_t n = ::recv(socket_.native_handle(), &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);
    const bool nothing_yet = n < 0 && (errno == EAGAIN || errno == EINTR);
    if (n <= 0 && !nothing_yet) (*watched)();
  });
}

void SocketStream::Unwatch() {
  watch_.reset();
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void SocketStream::Interrupt() {
  interrupted_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void SocketStream::Abort() {
  interrupted_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace headrace::server
