#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "headrace/memory_budget.h"
#include "server/pgwire/frontend_message.h"
#include "server/pgwire/pg_server.h"
#include "server/pgwire/wire_socket.h"

namespace headrace::server::pgwire {

class PgSession;

/// What all connections share.
struct ConnectionContext {
  const PgServerOptions* options = nullptr;
  PgServerContext context;
  std::function<void(uint32_t process, uint32_t secret)> cancel;
};

/// One connection's life: the startup packets, then messages to a PgSession until either side ends
/// it. Thread rule: Run() on a thread of its own; the others may be called from any thread.
class Connection {
 public:
  /// `is_refused`: the client is told that there are too many.
  Connection(int descriptor, ConnectionContext* shared, uint32_t process, uint32_t secret,
             bool is_refused);
  ~Connection();

  void Run();

  uint32_t process() const noexcept { return process_; }
  /// Ends the statement that runs, if the secret is right.
  void Cancel(uint32_t secret);
  /// Cancels it if the client is gone.
  void LookAfterPeer();
  /// Ends the connection after the statement that runs, or now if it waits.
  void Drain();
  void Abort();

  // For the session, from Run()'s thread.

  /// Appends here; Flush() when it has become much.
  std::string& output() noexcept { return output_; }
  /// False if the client is gone.
  bool Flush();
  bool FlushIfMuch() { return output_.size() < kMuchBytes || Flush(); }
  /// The next message, which is borrowed until the one after it. None at the end of all.
  std::optional<RawMessage> Next();
  /// For one statement: set when it is cancelled or nobody waits for it.
  std::shared_ptr<std::atomic<bool>> BeginStatement();
  void EndStatement();

 private:
  static constexpr size_t kMuchBytes = 64 << 10;

  std::optional<StartupRequest> ReadStartup();
  bool Fill(size_t missing, std::optional<WireSocket::Clock::time_point> deadline);
  void Fatal(std::string_view sqlstate, std::string message);
  void Stop();

  ConnectionContext* const shared_;
  const uint32_t process_;
  const uint32_t secret_;
  const bool is_refused_;
  WireSocket socket_;
  Reservation held_;
  std::string input_;
  size_t taken_ = 0;  // of `input_`, by the message that Next() gave
  size_t end_ = 0;    // of what was received
  std::string output_;
  bool is_gone_ = false;
  std::atomic<bool> draining_ = false;
  std::mutex mutex_;
  std::shared_ptr<std::atomic<bool>> stop_;  // of the statement that runs; null: none does
};

}  // namespace headrace::server::pgwire
