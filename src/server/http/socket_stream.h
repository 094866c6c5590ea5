#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <sys/uio.h>

namespace headrace::server {

using IoExecutor = boost::asio::io_context::executor_type;
template <typename T>
using Awaitable = boost::asio::awaitable<T, IoExecutor>;
/// Of TCP, or a Unix socket.
using StreamSocket =
    boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, IoExecutor>;

using Clock = std::chrono::steady_clock;

/// Who is at the other end: "127.0.0.1:53122", "[::1]:53122", "unix"; "gone" if nobody is.
std::string PeerName(const StreamSocket& socket);

/// A connection's socket with one deadline, which costs no timer: whoever ticks now and then calls
/// CheckDeadline(). Thread rule: the thread of the socket's io_context.
class SocketStream {
 public:
  explicit SocketStream(StreamSocket socket);

  /// Some bytes into `out`. 0 at the peer's end, on an error, past the deadline or after Abort().
  Awaitable<size_t> Read(std::span<char> out);

  /// All of `pieces`, which are used up, by gathering writes. Progress moves the deadline by
  /// `timeout`. False if the peer is gone, takes nothing any more, or after Abort().
  Awaitable<bool> Write(std::span<iovec> pieces, Clock::duration timeout);

  /// Whether the peer is a process of this machine, which can be given descriptors.
  bool is_local() const noexcept { return is_local_; }

  /// The next byte that is written takes a copy of `descriptor`, which stays open until it has
  /// left, along to the peer. Requires: is_local().
  void PassDescriptor(int descriptor) noexcept { passed_ = descriptor; }

  /// Tells the peer that nothing more comes, and reads what it still sends until it sees that, so
  /// that it gets our last words. Bounded by `timeout`.
  Awaitable<void> CloseGently(Clock::duration timeout);

  void set_deadline(std::optional<Clock::time_point> deadline) noexcept { deadline_ = deadline; }
  void CheckDeadline(Clock::time_point now);

  /// Whether the last Read() or Write() ended because of the deadline.
  bool timed_out() const noexcept { return timed_out_; }

  /// Calls `gone`, on this thread, once the peer has ended the connection or its half of it, until
  /// Unwatch(). Requires: nothing is read or written meanwhile. A peer that sends something first
  /// is not watched any longer.
  void WatchPeer(std::function<void()> gone);
  void Unwatch();

  /// Gives the socket away; nothing here may be called afterwards but CheckDeadline() and Abort().
  StreamSocket TakeSocket() { return std::move(socket_); }

  /// Ends the read that is under way, as at the peer's end; writing still works.
  void Interrupt();
  /// Ends everything.
  void Abort();

 private:
  StreamSocket socket_;
  bool is_local_ = false;
  int passed_ = -1;  // a descriptor that goes along with the next byte; -1: none
  std::optional<Clock::time_point> deadline_;
  bool timed_out_ = false;
  bool interrupted_ = false;
  std::shared_ptr<std::function<void()>> watch_;
};

}  // namespace headrace::server
