#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/http/http_server.h"
#include "server/http/socket_stream.h"

namespace boost::asio {
class thread_pool;
}

namespace headrace::server {

class Application;
class Session;

/// What all connections share.
struct ServerState {
  HttpServerOptions options;
  ServerContext context;
  Application* application = nullptr;
  boost::asio::thread_pool* pool = nullptr;  ///< for what would hold an I/O thread for long
  std::atomic<int64_t> connections = 0;
  std::function<void()> on_last_connection;  ///< called when `connections` has become 0
};

/// One thread that serves some of the connections, with its own event loop, so that they share
/// nothing with those of other threads.
class IoThread {
 public:
  explicit IoThread(ServerState* state);
  /// Ends the loop; what is under way is dropped.
  ~IoThread();

  /// From any thread.
  void Start();
  void Stop();
  int64_t load() const noexcept { return load_.load(std::memory_order_relaxed); }
  boost::asio::io_context& io() noexcept { return io_; }
  /// Takes a connection that was accepted for this thread's io_context.
  void Serve(StreamSocket socket);
  void Drain();     ///< ends connections that wait for a request, others after theirs
  void AbortAll();  ///< ends all at once

  // From this thread.
  using Sessions = std::list<Session*>;
  Sessions::iterator Register(Session* session);
  void Unregister(Sessions::iterator at);
  bool draining() const noexcept { return draining_; }
  ServerState& state() noexcept { return *state_; }
  /// The time as answers give it ("Sun, 06 Nov 1994 08:49:37 GMT"), to the second or so.
  std::string_view http_date() const noexcept { return http_date_; }

 private:
  void Tick();

  ServerState* const state_;
  std::atomic<int64_t> load_ = 0;
  Sessions sessions_;
  bool draining_ = false;
  bool ticking_ = false;
  std::string http_date_;
  int64_t http_date_second_ = 0;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, IoExecutor> ticker_;
  std::thread thread_;
};

}  // namespace headrace::server
