#include "server/http/listener.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::server {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using asio::ip::tcp;
using Local = asio::local::stream_protocol;
using boost::system::error_code;

constexpr asio::as_tuple_t<asio::use_awaitable_t<IoExecutor>> kAwait;
// How long accepting rests when the process has no more descriptors.
constexpr std::chrono::milliseconds kAcceptRest{50};

Status Refuse(const std::string& where, const error_code& error) {
  if (error == asio::error::address_in_use) {
    return MakeError(ErrorCode::kAddressInUse,
                     fmt::format("{} is in use; stop what listens there or choose another", where));
  }
  return MakeError(ErrorCode::kBadConfig,
                   fmt::format("cannot listen on {}: {}", where, error.message()));
}

/// Removes a socket that nobody listens on.
error_code RemoveStale(asio::any_io_executor io, const Local::endpoint& endpoint) {
  std::error_code ignored;
  const fs::path path = endpoint.path();
  if (!fs::exists(fs::symlink_status(path, ignored))) return {};
  if (!fs::is_socket(path, ignored)) return asio::error::address_in_use;
  Local::socket probe(std::move(io));
  error_code error;
  probe.connect(endpoint, error);
  if (error != asio::error::connection_refused) return asio::error::address_in_use;
  fs::remove(path, ignored);
  return {};
}

}  // namespace

Status Listener::ListenOnTcp(const std::string& host, uint16_t port) {
  const std::string where = fmt::format("{}:{}", host, port);
  error_code error;
  asio::ip::basic_resolver<tcp, asio::any_io_executor> resolver(acceptor_.get_executor());
  const auto found =
      resolver.resolve(host, std::to_string(port), tcp::resolver::numeric_service, error);
  if (error || found.empty()) return Refuse(where, error);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return Refuse(where, error);
  tcp::endpoint bound;
  const auto local = acceptor_.local_endpoint();
  bound.resize(local.size());
  std::memcpy(bound.data(), local.data(), local.size());
  port_ = bound.port();
  return Status::OK();
}

Status Listener::ListenOnUnix(const std::string& path) {
  constexpr size_t kMostPathBytes = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > kMostPathBytes) {
    return MakeError(ErrorCode::kBadConfig,
                     fmt::format("the path of a Unix socket has at most {} bytes, not the {} of {}",
                                 kMostPathBytes, path.size(), path));
  }
  const Local::endpoint endpoint(path);
  error_code error = RemoveStale(acceptor_.get_executor(), endpoint);
  if (!error) acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (error) return Refuse(path, error);
  unix_path_ = path;
  std::error_code guarded;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, guarded);
  if (guarded) return Refuse(path, guarded);
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  return error ? Refuse(path, error) : Status::OK();
}

Awaitable<std::optional<StreamSocket>> Listener::Accept(asio::io_context& io) {
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(io, kAwait);
    if (!error) co_return std::move(socket);
    if (error == asio::error::operation_aborted) break;
    rest_.expires_after(kAcceptRest);
    co_await rest_.async_wait(kAwait);
  }
  co_return std::nullopt;
}

void Listener::Close() {
  error_code ignored;
  acceptor_.close(ignored);
  rest_.cancel();
  if (unix_path_.empty()) return;
  std::error_code gone;
  fs::remove(std::exchange(unix_path_, {}), gone);
}

}  // namespace headrace::server
