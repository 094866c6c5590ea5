#include "server/websocket/frame_stream.h"

#include <array>
#include <cstring>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffered_read_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace headrace::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

constexpr asio::as_tuple_t<asio::use_awaitable_t<IoExecutor>> kAwait;
// What the system may hold of a client's messages before it has begun to send them: a client that
// stopped reading shows soon, and its memory is ours to bound.
constexpr int kUnsentBytes = 256 << 10;

/// Gives what came early before what comes.
struct EarlyFirst : beast::buffered_read_stream<StreamSocket, beast::flat_buffer> {
  using buffered_read_stream::buffered_read_stream;
};

template <typename Handler>
void async_teardown(beast::role_type role, EarlyFirst& stream, Handler&& handler) {
  websocket::async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
}

using WebSocket = websocket::stream<EarlyFirst, false>;

}  // namespace

struct FrameStream::Impl {
  explicit Impl(StreamSocket socket) : websocket(std::move(socket)) {}
  StreamSocket& socket() { return websocket.next_layer().next_layer(); }
  WebSocket websocket;
};

FrameStream::FrameStream(StreamSocket socket, std::string_view early, size_t max_message_bytes)
    : impl_(std::make_unique<Impl>(std::move(socket))) {
  const int unsent = kUnsentBytes;
  (void)::setsockopt(impl_->socket().native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent,
                     sizeof(unsent));
  auto& buffer = impl_->websocket.next_layer().buffer();
  if (!early.empty()) {
    const auto room = buffer.prepare(early.size());
    std::memcpy(room.data(), early.data(), early.size());
    buffer.commit(early.size());
  }
  impl_->websocket.read_message_max(max_message_bytes);
  impl_->websocket.auto_fragment(false);
}

FrameStream::~FrameStream() = default;

Awaitable<bool> FrameStream::Accept(std::string key) {
  http::request<http::empty_body> request(http::verb::get, "/", 11);
  request.set(http::field::host, "-");
  request.set(http::field::connection, "upgrade");
  request.set(http::field::upgrade, "websocket");
  request.set(http::field::sec_websocket_version, "13");
  request.set(http::field::sec_websocket_key, key);
  impl_->websocket.set_option(websocket::stream_base::decorator(
      [](websocket::response_type& response) { response.set(http::field::server, "headrace"); }));
  const auto [error] = co_await impl_->websocket.async_accept(request, kAwait);
  co_return !error;
}

Awaitable<FrameStream::Received> FrameStream::Read(std::span<char> out) {
  const auto [error, bytes] =
      co_await impl_->websocket.async_read_some(asio::buffer(out.data(), out.size()), kAwait);
  if (error) co_return Received{};
  co_return Received{.bytes = bytes,
                     .text = impl_->websocket.got_text(),
                     .whole = impl_->websocket.is_message_done(),
                     .connected = true};
}

Awaitable<bool> FrameStream::WriteText(std::string_view text) {
  impl_->websocket.text(true);
  const auto [error, bytes] =
      co_await impl_->websocket.async_write(asio::buffer(text.data(), text.size()), kAwait);
  co_return !error;
}

Awaitable<bool> FrameStream::WriteBinary(std::string_view prefix, std::string_view rest) {
  impl_->websocket.binary(true);
  const std::array<asio::const_buffer, 2> pieces = {asio::buffer(prefix.data(), prefix.size()),
                                                    asio::buffer(rest.data(), rest.size())};
  const auto [error, bytes] = co_await impl_->websocket.async_write(pieces, kAwait);
  co_return !error;
}

Awaitable<bool> FrameStream::Ping() {
  const auto [error] = co_await impl_->websocket.async_ping({}, kAwait);
  co_return !error;
}

Awaitable<void> FrameStream::Close(CloseCode code, std::string_view reason) {
  const websocket::close_reason why(static_cast<websocket::close_code>(code),
                                    beast::string_view(reason.data(), reason.size()));
  (void)co_await impl_->websocket.async_close(why, kAwait);
}

void FrameStream::OnControl(std::function<void()> heard) {
  impl_->websocket.control_callback(
      [heard = std::move(heard)](websocket::frame_type, beast::string_view) { heard(); });
}

void FrameStream::Abort() {
  error_code ignored;
  impl_->socket().close(ignored);
}

}  // namespace headrace::server
