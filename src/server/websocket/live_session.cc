#include "server/websocket/live_session.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <arrow/buffer.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "headrace/error_code.h"

namespace headrace::server {
namespace {

namespace asio = boost::asio;

// What a connection holds when all is quiet: frames' buffers, the coroutines, the parsers.
constexpr int64_t kHeldBytes = 64 << 10;
constexpr size_t kFirstMessageBytes = 16 << 10;
// Answers that wait to be sent: a client that asks without listening is not read any further.
constexpr int64_t kMostAnswerBytes = 256 << 10;
// A write may take as much longer than the timeout as this rate allows.
constexpr int64_t kSlowestBytesPerSecond = 64 << 10;

}  // namespace

Awaitable<void> RunOnPool(IoThread* thread, std::function<void()> work) {
  const auto initiate = [thread, &work](auto handler) {
    asio::post(*thread->state().pool, [thread, &work, handler = std::move(handler)]() mutable {
      work();
      asio::post(thread->io(), std::move(handler));
    });
  };
  constexpr asio::use_awaitable_t<IoExecutor> token;
  co_await asio::async_initiate<const asio::use_awaitable_t<IoExecutor>, void()>(initiate, token);
}

Awaitable<void> LiveSession::Event::Wait() {
  constexpr asio::as_tuple_t<asio::use_awaitable_t<IoExecutor>> kAwait;
  if (!set) {
    timer.expires_at(Clock::time_point::max());
    co_await timer.async_wait(kAwait);
  }
  set = false;
}

LiveSession::LiveSession(StreamSocket socket, std::string early, std::string key,
                         LiveService* service, IoThread* thread)
    : service_(service),
      thread_(thread),
      options_(thread->state().options.live),
      budget_(thread->state().context.budget),
      key_(std::move(key)),
      peer_(PeerName(socket)),
      frames_(std::move(socket), early, static_cast<size_t>(options_.max_message_bytes)),
      held_(budget_->Reserve("live")),
      message_(budget_),
      feeds_(&service->FeedsOf(thread)),
      queue_(&service->counters()),
      wake_(thread),
      room_(thread),
      writer_done_(thread),
      heard_at_(Clock::now()) {
  ++service_->counters().clients;
}

LiveSession::~LiveSession() { --service_->counters().clients; }

Awaitable<void> LiveSession::Run() {
  if (!held_.Resize(kHeldBytes).ok()) {
    Close(CloseCode::kTryAgainLater, "no memory is left for another client", true);
  }
  SetWriteDeadline(0);
  if (!co_await frames_.Accept(std::move(key_))) co_return;
  write_deadline_.reset();
  frames_.OnControl([this] { heard_at_ = Clock::now(); });
  asio::co_spawn(thread_->io(), WriteLoop(), [this](std::exception_ptr) { writer_done_.Set(); });
  co_await ReadLoop();
  over_ = true;
  frames_.Abort();
  Wake();
  co_await writer_done_.Wait();
}

Awaitable<void> LiveSession::ReadLoop() {
  bool text = false;
  while (!over_) {
    co_await WaitForRoom();
    if (!co_await ReadMessage(&text)) break;
    if (close_code_) continue;  // what comes now is not answered any more
    if (text) {
      co_await HandleText();
    } else {
      co_await HandleBinary();
    }
  }
}

Awaitable<void> LiveSession::WaitForRoom() {
  while (!over_ && queue_.text_bytes() > kMostAnswerBytes) co_await room_.Wait();
}

Awaitable<bool> LiveSession::ReadMessage(bool* text) {
  message_.Reset();
  Status room = message_.Reserve(kFirstMessageBytes);
  size_t capacity = kFirstMessageBytes;
  char dropped[1024];
  while (true) {
    const std::span<char> out = room.ok()
                                    ? std::span(message_.free_begin(), capacity - message_.size())
                                    : std::span<char>(dropped);
    const auto received = co_await frames_.Read(out);
    if (!received.connected) co_return false;
    heard_at_ = Clock::now();
    if (room.ok()) message_.Advance(received.bytes);
    if (received.whole) {
      *text = received.text;
      if (room.ok()) co_return true;
      message_.Reset();
    } else if (room.ok() && message_.size() == capacity) {
      room = message_.Reserve(capacity *= 2);
      if (!room.ok()) Close(CloseCode::kTryAgainLater, "no memory is left for the message", false);
    }
  }
}

/// True if there may be more to queue at once. Subscriptions go here only, so that none goes while
/// its table is read.
Awaitable<bool> LiveSession::FillQueue() {
  bool more = false;
  for (auto at = subscriptions_.begin(); at != subscriptions_.end() && !close_code_;) {
    LiveSubscription& subscription = *at->second;
    if (subscription.WantsTableRows()) {
      Result<delivery::LivePiece> piece = delivery::LivePiece{};
      co_await RunOnPool(thread_, [&] { piece = subscription.table_rows().Next(PieceBytes()); });
      subscription.OnTableRows(std::move(piece));
    } else if (!subscription.ended()) {
      more = subscription.Fill() || more;
    }
    at = subscription.ended() ? subscriptions_.erase(at) : std::next(at);
  }
  co_return more;
}

Awaitable<void> LiveSession::WriteLoop() {
  constexpr asio::use_awaitable_t<IoExecutor> kYield;
  while (!over_) {
    const bool more = co_await FillQueue();
    if (over_) co_return;
    if (!queue_.empty()) {
      if (!co_await WriteFront()) co_return frames_.Abort();
    } else if (close_code_) {
      co_return co_await SendClose();
    } else if (std::exchange(ping_is_due_, false)) {
      SetWriteDeadline(0);
      if (!co_await frames_.Ping()) co_return frames_.Abort();
      write_deadline_.reset();
      pinged_at_ = Clock::now();
    } else if (more) {
      co_await asio::post(thread_->io(), kYield);  // others have their turn
    } else {
      co_await wake_.Wait();
    }
  }
}

Awaitable<bool> LiveSession::WriteFront() {
  const LiveQueue::Item& item = queue_.front();
  writing_ = true;
  SetWriteDeadline(item.bytes());
  bool written = false;
  if (item.rest == nullptr) {
    written = co_await frames_.WriteText(item.text);
  } else {
    const std::string_view rest(reinterpret_cast<const char*>(item.rest->data()),
                                static_cast<size_t>(item.rest->size()));
    written = co_await frames_.WriteBinary(item.text, rest);
  }
  write_deadline_.reset();
  writing_ = false;
  const LiveQueue::Item sent = queue_.Pop();
  ++service_->counters().messages_sent;
  const auto subscription = subscriptions_.find(sent.subscription);
  if (subscription != subscriptions_.end()) subscription->second->OnSent(sent.bytes());
  if (sent.rest == nullptr && queue_.text_bytes() <= kMostAnswerBytes) room_.Set();
  co_return written;
}

Awaitable<void> LiveSession::SendClose() {
  co_await frames_.Close(*close_code_, close_reason_);
  frames_.Abort();
}

void LiveSession::Close(CloseCode code, std::string_view reason, bool drop_queue) {
  if (close_code_ || over_) return;
  close_code_ = code;
  close_reason_ = reason.substr(0, 120);
  close_deadline_ = Clock::now() + options_.close_timeout;
  if (drop_queue) {
    for (auto& [number, subscription] : subscriptions_) subscription->Cancel();
    queue_.Clear(writing_);
  }
  Wake();
}

void LiveSession::Abort() {
  over_ = true;
  for (auto& [number, subscription] : subscriptions_) subscription->Cancel();
  frames_.Abort();
  Wake();
  room_.Set();
}

void LiveSession::SetWriteDeadline(int64_t bytes) {
  write_deadline_ = Clock::now() + thread_->state().options.write_timeout +
                    std::chrono::seconds(bytes / kSlowestBytesPerSecond);
}

void LiveSession::CheckDeadline(Clock::time_point now) {
  if (over_) return;
  const bool stuck =
      (write_deadline_ && now >= *write_deadline_) || (close_deadline_ && now >= *close_deadline_);
  // While something is on its way to the client, its deadline counts: a pong would come behind it.
  const bool asked = pinged_at_ && heard_at_ < *pinged_at_;
  const bool silent = asked && !writing_ && now >= *pinged_at_ + options_.pong_timeout;
  if (stuck || silent) {
    if (!close_deadline_) ++service_->counters().not_answering;
    return Abort();
  }
  if (!asked && now >= heard_at_ + options_.ping_interval) ping_is_due_ = true;
  // Rows that had no memory are tried again as well.
  if (ping_is_due_ || !subscriptions_.empty()) Wake();
}

}  // namespace headrace::server
