#include "server/pgwire/pg_server.h"

#include <condition_variable>
#include <list>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/logger.h>

#include "delivery/sql_service.h"
#include "headrace/error_code.h"
#include "server/http/listener.h"
#include "server/pgwire/connection.h"

namespace headrace::server::pgwire {
namespace {

namespace asio = boost::asio;

// How late a client's leaving is noticed while its statement runs.
constexpr std::chrono::milliseconds kLook{50};
// After connections were cut off, so long they have to notice.
constexpr std::chrono::seconds kAbortBound{5};
// Beyond max_connections so many more are told so; what comes on top is closed without a word.
constexpr int64_t kRefusals = 32;

}  // namespace

class PgServer::Impl {
 public:
  Impl(PgServerOptions options, PgServerContext context)
      : options_(std::move(options)),
        shared_{.options = &options_,
                .context = std::move(context),
                .cancel = [this](uint32_t process, uint32_t secret) { Cancel(process, secret); }},
        listener_(io_),
        ticker_(io_) {}

  ~Impl() {
    (void)Drain(std::chrono::milliseconds(0));
    io_.stop();
    if (thread_.joinable()) thread_.join();
    Reap(true);
  }

  Status Start() {
    if (options_.max_connections < 1) {
      return MakeError(ErrorCode::kBadConfig, "PostgreSQL connections must be 1 or more");
    }
    ARROW_RETURN_NOT_OK(shared_.context.sql->Open());
    ARROW_RETURN_NOT_OK(listener_.ListenOnTcp(options_.host, options_.port));
    asio::co_spawn(io_, AcceptAll(), asio::detached);
    Tick();
    thread_ = std::thread([this] { io_.run(); });
    return Status::OK();
  }

  uint16_t port() const noexcept { return listener_.port(); }

  bool Drain(std::chrono::milliseconds bound) {
    CloseListener();
    std::unique_lock lock(mutex_);
    draining_ = true;
    for (auto& served : served_) served.connection->Drain();
    const auto none_left = [this] { return active_ == 0; };
    if (changed_.wait_for(lock, bound, none_left)) return true;
    for (auto& served : served_) served.connection->Abort();
    (void)changed_.wait_for(lock, kAbortBound, none_left);
    return false;
  }

 private:
  struct Served {
    std::unique_ptr<Connection> connection;
    std::thread thread;
    bool done = false;
  };

  Awaitable<void> AcceptAll() {
    while (true) {
      std::optional<StreamSocket> socket = co_await listener_.Accept(io_);
      if (!socket) co_return;
      boost::system::error_code error;
      const int descriptor = socket->release(error);
      if (!error) Serve(descriptor);
    }
  }

  void Serve(int descriptor) {
    std::lock_guard lock(mutex_);
    const bool is_full = active_ >= options_.max_connections;
    const uint32_t process = ++last_process_;
    auto connection = std::make_unique<Connection>(descriptor, &shared_, process,
                                                   static_cast<uint32_t>(random_()), is_full);
    if (draining_ || active_ >= options_.max_connections + kRefusals) return;
    Served& served = served_.emplace_back();
    served.connection = std::move(connection);
    ++active_;
    try {
      served.thread = std::thread([this, &served] {
        served.connection->Run();
        std::lock_guard ending(mutex_);
        served.done = true;
        --active_;
        changed_.notify_all();
      });
    } catch (const std::system_error&) {  // the system gives no further thread
      --active_;
      served_.pop_back();
    }
  }

  /// Joins the threads of connections that have ended, or of all.
  void Reap(bool all) {
    std::list<Served> ended;
    {
      std::lock_guard lock(mutex_);
      for (auto at = served_.begin(); at != served_.end();) {
        const auto next = std::next(at);
        if (all || at->done) ended.splice(ended.end(), served_, at);
        at = next;
      }
    }
    for (Served& served : ended) served.thread.join();
  }

  void Tick() {
    Reap(false);
    {
      std::lock_guard lock(mutex_);
      for (Served& served : served_) served.connection->LookAfterPeer();
    }
    ticker_.expires_after(kLook);
    ticker_.async_wait([this](const boost::system::error_code& error) {
      if (!error) Tick();
    });
  }

  void Cancel(uint32_t process, uint32_t secret) {
    std::lock_guard lock(mutex_);
    for (Served& served : served_) {
      if (served.connection->process() == process) served.connection->Cancel(secret);
    }
  }

  /// Returns once no connection can come any more.
  void CloseListener() {
    std::unique_lock lock(mutex_);
    if (!thread_.joinable() || closed_) return;
    asio::post(io_, [this] {
      listener_.Close();
      std::lock_guard closing(mutex_);
      closed_ = true;
      changed_.notify_all();
    });
    changed_.wait(lock, [this] { return closed_; });
  }

  const PgServerOptions options_;
  ConnectionContext shared_;
  asio::io_context io_{1};
  Listener listener_;
  asio::steady_timer ticker_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Served> served_;
  int64_t active_ = 0;
  uint32_t last_process_ = 0;
  std::random_device random_;
  bool draining_ = false;
  bool closed_ = false;
};

PgServer::PgServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PgServer::~PgServer() = default;

Result<std::unique_ptr<PgServer>> PgServer::Start(PgServerOptions options,
                                                  PgServerContext context) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(context));
  ARROW_RETURN_NOT_OK(impl->Start());
  return std::unique_ptr<PgServer>(new PgServer(std::move(impl)));
}

uint16_t PgServer::port() const noexcept { return impl_->port(); }
bool PgServer::Drain(std::chrono::milliseconds bound) { return impl_->Drain(bound); }

}  // namespace headrace::server::pgwire
