#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "headrace/status.h"
#include "server/http/socket_stream.h"

namespace headrace::server {

/// A socket that is listened on, of TCP or of this machine alone. Thread rule: until Accept() is
/// called any thread, then that of `io`.
class Listener {
 public:
  explicit Listener(boost::asio::io_context& io) : acceptor_(io), rest_(io) {}
  ~Listener() { Close(); }

  /// A numeric address or a name, of which only the first address is bound; port 0 is any free one.
  /// ErrorCode::kAddressInUse, or kBadConfig for what cannot be listened on.
  Status ListenOnTcp(const std::string& host, uint16_t port);

  /// A path, which only this user may connect to. A socket that a server left behind when it was
  /// killed is replaced. kAddressInUse if somebody listens there or it is another kind of file,
  /// kBadConfig for a path that cannot be.
  Status ListenOnUnix(const std::string& path);

  /// The next connection, served by `io`; none after Close(). Rests while the process has no
  /// descriptors left.
  Awaitable<std::optional<StreamSocket>> Accept(boost::asio::io_context& io);

  /// Harmless when done again.
  void Close();

  /// What ListenOnTcp() bound.
  uint16_t port() const noexcept { return port_; }

 private:
  using Protocol = boost::asio::generic::stream_protocol;
  boost::asio::basic_socket_acceptor<Protocol, IoExecutor> acceptor_;
  boost::asio::steady_timer rest_;
  uint16_t port_ = 0;
  std::string unix_path_;  // to be removed; empty: none
};

}  // namespace headrace::server
