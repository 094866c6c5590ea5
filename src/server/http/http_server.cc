#include "server/http/http_server.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/http/application.h"
#include "server/http/io_thread.h"
#include "server/http/listener.h"

namespace headrace::server {
namespace {

namespace asio = boost::asio;

// Beyond max_connections so many more are told so; what comes on top is closed without a word.
constexpr int64_t kRefusals = 128;
// After connections were cut off, so long they have to notice.
constexpr std::chrono::seconds kAbortBound{2};

Status CheckOptions(const HttpServerOptions& options) {
  const auto check = [](bool ok, std::string_view what) {
    return ok ? Status::OK() : MakeError(ErrorCode::kBadConfig, fmt::format("{}", what));
  };
  using std::chrono::milliseconds;
  ARROW_RETURN_NOT_OK(check(options.threads >= 0 && options.threads <= 1024,
                            "the number of HTTP threads must be 0 to 1024"));
  ARROW_RETURN_NOT_OK(check(options.max_connections >= 1, "max_connections must be 1 or more"));
  ARROW_RETURN_NOT_OK(check(options.max_header_bytes >= 256 && options.max_header_bytes <= 1 << 24,
                            "max_header_bytes must be 256 to 16 MiB"));
  ARROW_RETURN_NOT_OK(check(options.max_body_bytes >= 1, "max_body_bytes must be 1 or more"));
  ARROW_RETURN_NOT_OK(check(options.live.max_clients >= 0 && options.live.max_subscriptions >= 1,
                            "live clients must be 0 or more, with 1 subscription or more each"));
  ARROW_RETURN_NOT_OK(check(options.live.queue_bytes >= 64 << 10,
                            "a live client's queue must hold 64 KiB or more"));
  return check(options.idle_timeout > milliseconds(0) &&
                   options.request_timeout > milliseconds(0) &&
                   options.write_timeout > milliseconds(0),
               "HTTP timeouts must be longer than 0");
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpServerOptions options, ServerContext context)
      : application_(context, options.live), pool_(NumThreads(options)) {
    state_.options = std::move(options);
    state_.context = std::move(context);
    state_.application = &application_;
    state_.pool = &pool_;
    state_.on_last_connection = [this] {
      std::lock_guard lock(mutex_);
      no_connection_.notify_all();
    };
    for (int i = 0; i < NumThreads(state_.options); ++i) {
      threads_.push_back(std::make_unique<IoThread>(&state_));
    }
    for (auto& listener : listeners_) listener = std::make_unique<Listener>(threads_[0]->io());
  }

  ~Impl() {
    CloseAcceptor();
    for (auto& thread : threads_) thread->AbortAll();
    (void)WaitForNoConnection(kAbortBound);
    // What runs there still refers to connections.
    pool_.join();
    for (auto& thread : threads_) thread->Stop();
    for (auto& listener : listeners_) listener.reset();
  }

  Status Listen() {
    const HttpServerOptions& options = state_.options;
    ARROW_RETURN_NOT_OK(listeners_[kTcp]->ListenOnTcp(options.host, options.port));
    if (options.unix_socket.empty()) return Status::OK();
    return listeners_[kUnix]->ListenOnUnix(options.unix_socket);
  }

  /// Before Listen(): the destructor counts on the loops.
  void StartThreads() {
    for (auto& thread : threads_) thread->Start();
  }

  void StartAccepting() {
    for (auto& listener : listeners_) {
      asio::co_spawn(threads_[0]->io(), ServeAll(*listener), asio::detached);
    }
  }

  bool Drain(std::chrono::milliseconds bound) {
    application_.StartDraining();
    CloseAcceptor();
    for (auto& thread : threads_) thread->Drain();
    if (WaitForNoConnection(bound)) return true;
    for (auto& thread : threads_) thread->AbortAll();
    (void)WaitForNoConnection(kAbortBound);
    return false;
  }

  uint16_t port() const noexcept { return listeners_[kTcp]->port(); }

 private:
  static int NumThreads(const HttpServerOptions& options) {
    if (options.threads > 0) return options.threads;
    return std::max(2, static_cast<int>(std::thread::hardware_concurrency()));
  }

  IoThread& LeastLoaded() {
    return **std::min_element(threads_.begin(), threads_.end(),
                              [](const auto& a, const auto& b) { return a->load() < b->load(); });
  }

  Awaitable<void> ServeAll(Listener& listener) {
    while (true) {
      IoThread& thread = LeastLoaded();
      std::optional<StreamSocket> socket = co_await listener.Accept(thread.io());
      if (!socket) co_return;
      if (state_.connections < state_.options.max_connections + kRefusals) {
        if (state_.connections >= state_.options.max_connections) {
          application_.metrics().CountRefusedConnection();
        }
        thread.Serve(*std::move(socket));
      }
    }
  }

  /// Returns once no connection can come any more.
  void CloseAcceptor() {
    std::unique_lock lock(mutex_);
    if (accepting_ended_) return;
    asio::post(threads_[0]->io(), [this] {
      for (auto& listener : listeners_) listener->Close();
      std::lock_guard closing(mutex_);
      accepting_ended_ = true;
      no_connection_.notify_all();
    });
    no_connection_.wait(lock, [this] { return accepting_ended_; });
  }

  bool WaitForNoConnection(std::chrono::milliseconds bound) {
    std::unique_lock lock(mutex_);
    return no_connection_.wait_for(lock, bound, [this] { return state_.connections == 0; });
  }

  ServerState state_;
  Application application_;
  asio::thread_pool pool_;
  std::mutex mutex_;
  std::condition_variable no_connection_;
  bool accepting_ended_ = false;
  std::vector<std::unique_ptr<IoThread>> threads_;
  enum : size_t { kTcp, kUnix };
  std::array<std::unique_ptr<Listener>, 2> listeners_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                      ServerContext context) {
  ARROW_RETURN_NOT_OK(CheckOptions(options));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(context));
  impl->StartThreads();
  ARROW_RETURN_NOT_OK(impl->Listen());
  impl->StartAccepting();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

uint16_t HttpServer::port() const noexcept { return impl_->port(); }
bool HttpServer::Drain(std::chrono::milliseconds bound) { return impl_->Drain(bound); }

}  // namespace headrace::server
