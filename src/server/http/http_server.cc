#include "server/http/http_server.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/http/application.h"
#include "server/http/io_thread.h"

namespace headrace::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, IoExecutor>;
using boost::system::error_code;

constexpr asio::as_tuple_t<asio::use_awaitable_t<IoExecutor>> kAwait;
// Beyond max_connections so many more are told so; what comes on top is closed without a word.
constexpr int64_t kRefusals = 128;
// How long accepting rests when the process has no more descriptors.
constexpr std::chrono::milliseconds kAcceptRest{50};
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

Status BindFailure(const HttpServerOptions& options, const error_code& error) {
  if (error == asio::error::address_in_use) {
    return MakeError(ErrorCode::kAddressInUse,
                     fmt::format("{}:{} is in use; stop what listens there or choose another port",
                                 options.host, options.port));
  }
  return MakeError(ErrorCode::kBadConfig, fmt::format("cannot listen on {}:{}: {}", options.host,
                                                      options.port, error.message()));
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
    acceptor_ = std::make_unique<Acceptor>(threads_[0]->io());
    rest_ = std::make_unique<asio::steady_timer>(threads_[0]->io());
  }

  ~Impl() {
    CloseAcceptor();
    for (auto& thread : threads_) thread->AbortAll();
    (void)WaitForNoConnection(kAbortBound);
    // What runs there still refers to connections.
    pool_.join();
    for (auto& thread : threads_) thread->Stop();
    acceptor_.reset();
    rest_.reset();
  }

  Status Listen() {
    const HttpServerOptions& options = state_.options;
    error_code error;
    tcp::resolver resolver(threads_[0]->io());
    const auto found = resolver.resolve(options.host, std::to_string(options.port),
                                        tcp::resolver::numeric_service, error);
    if (error || found.empty()) return BindFailure(options, error);
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(Acceptor::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
    if (error) return BindFailure(options, error);
    port_ = acceptor_->local_endpoint().port();
    return Status::OK();
  }

  /// Before Listen(): the destructor counts on the loops.
  void StartThreads() {
    for (auto& thread : threads_) thread->Start();
  }

  void StartAccepting() { asio::co_spawn(threads_[0]->io(), Accept(), asio::detached); }

  bool Drain(std::chrono::milliseconds bound) {
    application_.StartDraining();
    CloseAcceptor();
    for (auto& thread : threads_) thread->Drain();
    if (WaitForNoConnection(bound)) return true;
    for (auto& thread : threads_) thread->AbortAll();
    (void)WaitForNoConnection(kAbortBound);
    return false;
  }

  uint16_t port() const noexcept { return port_; }

 private:
  static int NumThreads(const HttpServerOptions& options) {
    if (options.threads > 0) return options.threads;
    return std::max(2, static_cast<int>(std::thread::hardware_concurrency()));
  }

  IoThread& LeastLoaded() {
    return **std::min_element(threads_.begin(), threads_.end(),
                              [](const auto& a, const auto& b) { return a->load() < b->load(); });
  }

  Awaitable<void> Accept() {
    while (acceptor_->is_open()) {
      IoThread& thread = LeastLoaded();
      auto [error, socket] = co_await acceptor_->async_accept(thread.io(), kAwait);
      if (error == asio::error::operation_aborted) co_return;
      if (error) {
        rest_->expires_after(kAcceptRest);
        co_await rest_->async_wait(kAwait);
      } else if (state_.connections < state_.options.max_connections + kRefusals) {
        if (state_.connections >= state_.options.max_connections) {
          application_.metrics().CountRefusedConnection();
        }
        thread.Serve(std::move(socket));
      }
    }
  }

  /// Returns once no connection can come any more.
  void CloseAcceptor() {
    std::unique_lock lock(mutex_);
    if (accepting_ended_) return;
    asio::post(threads_[0]->io(), [this] {
      error_code ignored;
      acceptor_->close(ignored);
      rest_->cancel();
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
  uint16_t port_ = 0;
  std::vector<std::unique_ptr<IoThread>> threads_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<asio::steady_timer> rest_;
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
