#include "server/http/session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "headrace/error_code.h"
#include "server/http/application.h"
#include "server/http/request_log.h"
#include "server/http/upgrade.h"

namespace headrace::server {
namespace {

constexpr size_t kInputBytes = 8 << 10;
// What a connection holds in buffers when all is quiet.
constexpr int64_t kHeldBytes = 32 << 10;
// Bodies may take as much longer than request_timeout as this rate allows.
constexpr size_t kSlowestBodyBytesPerSecond = 64 << 10;
constexpr std::chrono::seconds kLastWords{2};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

ParserLimits LimitsOf(const HttpServerOptions& options) {
  return {.max_header_bytes = static_cast<size_t>(options.max_header_bytes),
          .max_body_bytes = static_cast<size_t>(options.max_body_bytes)};
}

}  // namespace

Session::Session(StreamSocket socket, IoThread* thread)
    : thread_(thread),
      state_(thread->state()),
      stream_(std::move(socket)),
      registered_(thread->Register(this)),
      held_(state_.context.budget->Reserve("http")),
      parser_(LimitsOf(state_.options)),
      body_(state_.context.budget),
      draining_(thread->draining()) {
  exchange_.peer_is_local = stream_.is_local();
  state_.application->metrics().CountConnection(1);
}

Session::~Session() {
  state_.application->metrics().CountConnection(-1);
  thread_->Unregister(registered_);
}

void Session::CheckDeadline(Clock::time_point now) {
  if (upgraded_ != nullptr) return upgraded_->CheckDeadline(now);
  stream_.CheckDeadline(now);
}

void Session::Drain() {
  draining_ = true;
  if (upgraded_ != nullptr) return upgraded_->Drain();
  if (waiting_) stream_.Interrupt();
}

void Session::Abort() {
  if (upgraded_ != nullptr) return upgraded_->Abort();
  if (exchange_.abandoned != nullptr) *exchange_.abandoned = true;
  stream_.Abort();
}

void Session::BeginUpgraded() {
  upgraded_ = exchange_.upgrade->Take(stream_.TakeSocket(), std::string(unread()), thread_);
  input_ = {};
  if (draining_) upgraded_->Drain();
}

Awaitable<void> Session::Run(Status refusal) {
  if (refusal.ok()) refusal = held_.Resize(kHeldBytes);
  Next next = Next::kRequest;
  if (!refusal.ok()) next = co_await AnswerUnread(refusal);
  while (next == Next::kRequest) next = co_await ServeOne();
  if (next == Next::kUpgrade) {
    BeginUpgraded();
    co_await upgraded_->Run();
  }
  if (next == Next::kCloseGently) co_await stream_.CloseGently(kLastWords);
}

Awaitable<Session::Next> Session::ServeOne() {
  const Status read = co_await ReadRequest();
  if (!read.ok() && waiting_) co_return Next::kClose;
  if (!read.ok() && CodeOf(read) == ErrorCode::kCancelled) co_return Next::kClose;
  // What follows an unread body cannot be told from it.
  if (!read.ok() && !at_end_of_request_) co_return co_await AnswerUnread(read);
  stream_.set_deadline(std::nullopt);

  const Clock::time_point handled_at = Clock::now();
  if (read.ok()) {
    co_await Handle();
  } else {
    state_.application->Fail(read, &exchange_);
  }
  if (exchange_.upgrade != nullptr) {
    Account(handled_at);
    const bool flushed = co_await Flush();
    co_return flushed ? Next::kUpgrade : Next::kClose;
  }
  const bool keep_alive = exchange_.request.keep_alive && !(draining_ && unread().empty());
  const bool written = co_await Respond(keep_alive);
  Account(handled_at);
  if (!written) co_return Next::kClose;
  if (keep_alive) co_return Next::kRequest;
  if (!co_await Flush()) co_return Next::kClose;
  co_return unread().empty() ? Next::kClose : Next::kCloseGently;
}

Awaitable<Session::Next> Session::AnswerUnread(const Status& status) {
  state_.application->Fail(status, &exchange_);
  const Clock::time_point handled_at = Clock::now();
  const bool written = co_await RespondWhole(false) && co_await Flush();
  Account(handled_at);
  co_return written ? Next::kCloseGently : Next::kClose;
}

void Session::Account(Clock::time_point handled_at) {
  const auto duration = Clock::now() - handled_at;
  state_.application->metrics().CountRequest(exchange_.route, exchange_.response.status, duration);
  LogRequest(state_.context.log.get(), exchange_, duration);
}

Awaitable<Status> Session::ReadRequest() {
  exchange_.Reset();
  body_.Reset();
  parser_.Reset();
  at_end_of_request_ = false;
  if (const Status head = co_await ReadHead(); !head.ok()) co_return head;
  at_end_of_request_ = !parser_.is_chunked() && parser_.content_length() == 0;
  if (const Status route = state_.application->FindRoute(&exchange_); !route.ok()) co_return route;
  if (parser_.is_chunked()) co_return co_await ReadChunkedBody();
  if (const size_t length = parser_.content_length(); length > 0) {
    co_return co_await ReadSizedBody(length);
  }
  co_return Status::OK();
}

Awaitable<Status> Session::ReadHead() {
  waiting_ = true;
  while (true) {
    // An empty line before a request is not an error (RFC 9112, 2.2).
    while (waiting_ && unread().starts_with("\r\n")) input_begin_ += 2;
    if (waiting_ && !unread().empty()) {
      waiting_ = false;
      request_begin_ = Clock::now();
      SetReadingDeadline(0);
    }
    if (!waiting_) {
      const auto taken = parser_.ParseHead(unread(), &exchange_.request);
      if (!taken.ok()) co_return taken.status();
      input_begin_ += *taken;
      if (parser_.head_done()) co_return Status::OK();
    } else {
      if (draining_) co_return EndOfInput();
      stream_.set_deadline(Clock::now() + state_.options.idle_timeout);
    }
    if (!co_await FillInput()) co_return EndOfInput();
  }
}

Awaitable<Status> Session::ReadSizedBody(size_t length) {
  if (unread().size() >= length) {  // the usual case: it came along with the head
    exchange_.request.body = unread().substr(0, length);
    input_begin_ += length;
    co_return Status::OK();
  }
  if (const Status room = body_.Reserve(length); !room.ok()) co_return room;
  if (exchange_.request.expects_continue && unread().empty()) output_ += kContinue;
  if (const Status kept = body_.Append(unread()); !kept.ok()) co_return kept;
  input_begin_ = input_end_ = 0;
  if (!co_await Flush()) co_return EndOfInput();
  while (body_.size() < length) {
    SetReadingDeadline(body_.size());
    const size_t n = co_await stream_.Read({body_.free_begin(), length - body_.size()});
    if (n == 0) co_return EndOfInput();
    body_.Advance(n);
  }
  exchange_.request.body = body_.view();
  co_return Status::OK();
}

Awaitable<Status> Session::ReadChunkedBody() {
  if (exchange_.request.expects_continue && unread().empty()) output_ += kContinue;
  while (true) {
    const auto taken = parser_.ParseChunks(unread(), &body_);
    if (!taken.ok()) co_return taken.status();
    input_begin_ += *taken;
    if (parser_.chunks_done()) break;
    SetReadingDeadline(body_.size());
    if (!co_await FillInput()) co_return EndOfInput();
  }
  exchange_.request.body = body_.view();
  co_return Status::OK();
}

Awaitable<bool> Session::FillInput() {
  if (!output_.empty() && !co_await Flush()) co_return false;
  if (input_begin_ > 0) {
    std::memmove(input_.data(), input_.data() + input_begin_, input_end_ - input_begin_);
    input_end_ -= input_begin_;
    input_begin_ = 0;
  }
  // Bounded: what is not taken is at most a head or a chunk's line, which the parser limits.
  if (input_end_ == input_.size()) input_.resize(std::max(kInputBytes, 2 * input_.size()));
  const size_t n = co_await stream_.Read({input_.data() + input_end_, input_.size() - input_end_});
  input_end_ += n;
  co_return n > 0;
}

Status Session::EndOfInput() const {
  if (stream_.timed_out()) {
    return MakeError(ErrorCode::kTimeout, "the request did not arrive in time");
  }
  return MakeError(ErrorCode::kCancelled, "the client left in the middle of its request");
}

void Session::SetReadingDeadline(size_t body_bytes) {
  const std::chrono::seconds more(body_bytes / kSlowestBodyBytesPerSecond);
  stream_.set_deadline(request_begin_ + state_.options.request_timeout + more);
}

}  // namespace headrace::server
