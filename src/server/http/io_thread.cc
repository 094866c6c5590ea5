#include "server/http/io_thread.h"

#include <algorithm>
#include <ctime>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "headrace/error_code.h"
#include "server/http/session.h"

namespace headrace::server {
namespace {

namespace asio = boost::asio;

/// How late a deadline may be noticed.
Clock::duration TickPeriod(const HttpServerOptions& options) {
  const auto shortest =
      std::min({options.idle_timeout, options.request_timeout, options.write_timeout});
  return std::clamp<Clock::duration>(shortest / 4, std::chrono::milliseconds(5),
                                     std::chrono::milliseconds(250));
}

std::string FormatHttpDate(std::time_t now) {
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[40];
  // The program never leaves the C locale for time.
  return {text, std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

/// A connection as long as it lasts. Not a member of Session, whose life is within it.
Awaitable<void> RunSession(StreamSocket socket, IoThread* thread, Status refusal) {
  Session session(std::move(socket), thread);
  co_await session.Run(std::move(refusal));
}

}  // namespace

IoThread::IoThread(ServerState* state)
    : state_(state), work_(io_.get_executor()), ticker_(io_.get_executor()) {}

IoThread::~IoThread() { Stop(); }

void IoThread::Start() {
  thread_ = std::thread([this] { io_.run(); });
}

void IoThread::Stop() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

void IoThread::Serve(StreamSocket socket) {
  load_.fetch_add(1, std::memory_order_relaxed);
  const int64_t others = state_->connections.fetch_add(1);
  Status refusal;
  if (others >= state_->options.max_connections) {
    refusal = MakeError(ErrorCode::kUnavailable, "there are too many connections; try again later");
  }
  asio::co_spawn(io_, RunSession(std::move(socket), this, std::move(refusal)), asio::detached);
}

void IoThread::Drain() {
  asio::post(io_, [this] {
    draining_ = true;
    for (Session* session : sessions_) session->Drain();
  });
}

void IoThread::AbortAll() {
  asio::post(io_, [this] {
    draining_ = true;
    for (Session* session : sessions_) session->Abort();
  });
}

IoThread::Sessions::iterator IoThread::Register(Session* session) {
  const auto at = sessions_.insert(sessions_.end(), session);
  if (!ticking_) Tick();
  return at;
}

void IoThread::Unregister(Sessions::iterator at) {
  sessions_.erase(at);
  load_.fetch_sub(1, std::memory_order_relaxed);
  if (state_->connections.fetch_sub(1) == 1) state_->on_last_connection();
}

void IoThread::Tick() {
  if (const std::time_t second = std::time(nullptr); second != http_date_second_) {
    http_date_second_ = second;
    http_date_ = FormatHttpDate(second);
  }
  ticking_ = !sessions_.empty();
  if (!ticking_) return;
  const Clock::time_point now = Clock::now();
  for (Session* session : sessions_) session->CheckDeadline(now);
  ticker_.expires_after(TickPeriod(state_->options));
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Tick();
  });
}

}  // namespace headrace::server
