#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "headrace/status.h"
#include "server/http/socket_stream.h"

namespace headrace::server {

/// Why a server ends a WebSocket, as RFC 6455 and docs/live.md number it.
enum class CloseCode : uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kPolicy = 1008,
  kInternal = 1011,
  kTryAgainLater = 1013,
  kBehind = 4001,  ///< policy "all": rows could not be delivered
};

/// The messages of a WebSocket on a socket whose upgrade was asked for. What breaks the protocol
/// (unmasked or reserved bits, text that is not UTF-8, too long a message) ends the connection with
/// its close code; pings are answered; both without the caller's doing. Thread rule: the socket's
/// thread; one read and one of Write…(), Ping() and Close() at a time.
class FrameStream {
 public:
  /// `early` was received behind the request.
  FrameStream(StreamSocket socket, std::string_view early, size_t max_message_bytes);
  ~FrameStream();

  /// Answers the request whose Sec-WebSocket-Key this is. False if the peer is gone.
  Awaitable<bool> Accept(std::string key);

  struct Received {
    size_t bytes = 0;
    bool text = false;       ///< the message's kind
    bool whole = false;      ///< these were the message's last bytes
    bool connected = false;  ///< if not, all is over
  };
  /// Some bytes of the next message.
  Awaitable<Received> Read(std::span<char> out);

  /// One message. False if the peer is gone. What is written lives until then.
  Awaitable<bool> WriteText(std::string_view text);
  Awaitable<bool> WriteBinary(std::string_view prefix, std::string_view rest);
  Awaitable<bool> Ping();
  /// Sends a close and waits for the peer's. `reason` has at most 123 bytes.
  Awaitable<void> Close(CloseCode code, std::string_view reason);

  /// Calls `heard` whenever the peer pings, pongs or closes.
  void OnControl(std::function<void()> heard);

  /// Ends everything at once.
  void Abort();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::server
