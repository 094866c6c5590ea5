#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string_view>

namespace headrace::server::pgwire {

/// A connection's socket for one thread that waits. Thread rule: one thread at a time, but for
/// EndInput(), Abort() and PeerIsGone(), which any thread may call while this lives.
class WireSocket {
 public:
  using Clock = std::chrono::steady_clock;

  /// Takes the descriptor.
  explicit WireSocket(int descriptor);
  ~WireSocket();
  WireSocket(const WireSocket&) = delete;
  WireSocket& operator=(const WireSocket&) = delete;

  /// Some bytes. 0 at the peer's end, on an error, past the deadline, and after EndInput() when
  /// what had come is used up.
  size_t Read(std::span<char> out, std::optional<Clock::time_point> deadline);
  /// False if the peer is gone or takes nothing for `timeout`.
  bool Write(std::string_view bytes, std::chrono::milliseconds timeout);

  void EndInput();
  void Abort();
  bool PeerIsGone() const;

 private:
  const int descriptor_;
};

}  // namespace headrace::server::pgwire
