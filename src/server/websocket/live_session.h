#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/steady_timer.hpp>

#include "codec/json_rows.h"
#include "headrace/memory_budget.h"
#include "headrace/row_batch.h"
#include "server/http/body_buffer.h"
#include "server/http/io_thread.h"
#include "server/http/json_body.h"
#include "server/http/upgrade.h"
#include "server/websocket/frame_stream.h"
#include "server/websocket/live_message.h"
#include "server/websocket/live_queue.h"
#include "server/websocket/live_service.h"
#include "server/websocket/live_subscription.h"

namespace headrace::server {

/// One client of /v1/live. Two coroutines on its I/O thread: Run() reads messages and does what
/// they ask, one after the other; WriteLoop() sends what is queued and has subscriptions queue more
/// once it has left. What takes long runs on the pool meanwhile. docs/live.md has the protocol.
class LiveSession final : public UpgradedConnection {
 public:
  LiveSession(StreamSocket socket, std::string early, std::string key, LiveService* service,
              IoThread* thread);
  ~LiveSession() override;

  Awaitable<void> Run() override;
  void CheckDeadline(Clock::time_point now) override;
  void Drain() override { Close(CloseCode::kGoingAway, "the server is stopping", false); }
  void Abort() override;

 private:
  using Timer =
      boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, IoExecutor>;

  /// Something that one coroutine waits for until the other has done it.
  struct Event {
    explicit Event(IoThread* thread) : timer(thread->io().get_executor()) {}
    void Set() {
      set = true;
      timer.cancel();
    }
    Awaitable<void> Wait();
    Timer timer;
    bool set = false;
  };

  // Reading: live_session.cc.
  Awaitable<void> ReadLoop();
  /// A whole message in message_. False if the connection is over.
  Awaitable<bool> ReadMessage(bool* text);
  Awaitable<void> WaitForRoom();

  // What messages ask: live_requests.cc.
  Awaitable<void> HandleText();
  Awaitable<void> HandleBinary();
  Awaitable<Status> Do(Subscribe subscribe);
  Awaitable<Status> Do(Unsubscribe unsubscribe);
  Awaitable<Status> Do(AppendTo append_to);
  Awaitable<Status> Do(AppendJson append);
  Awaitable<Status> AppendArrow();
  Status CheckSubscribe(const Subscribe& subscribe) const;
  Awaitable<Result<std::shared_ptr<LiveFeed>>> FindFeed(const catalog::Entry& entry,
                                                        const Subscribe& subscribe);
  Awaitable<Status> Follow(const catalog::Entry& entry, const Subscribe& subscribe);
  Awaitable<Status> ReadOnce(const catalog::Entry& entry, const Subscribe& subscribe);
  LiveSubscription& AddSubscription(const catalog::Entry& entry, const Subscribe& subscribe);
  void AnswerRefusal(std::string_view kind, std::string_view id, const Status& status);

  // Writing: live_session.cc.
  Awaitable<void> WriteLoop();
  Awaitable<bool> WriteFront();
  Awaitable<bool> FillQueue();
  Awaitable<void> SendClose();
  void Close(CloseCode code, std::string_view reason, bool drop_queue);
  void Wake() { wake_.Set(); }
  void SetWriteDeadline(int64_t bytes);
  /// Of rows, in a message.
  int64_t PieceBytes() const noexcept;

  LiveService* const service_;
  IoThread* const thread_;
  const LiveOptions& options_;
  MemoryBudget* const budget_;
  std::string key_;
  const std::string peer_;
  FrameStream frames_;
  Reservation held_;
  BodyBuffer message_;
  JsonBody body_;
  std::unique_ptr<codec::JsonRowsParser> rows_parser_ = std::make_unique<codec::JsonRowsParser>();
  RowBatch rows_;
  std::string appended_;  // the answer in the making
  std::optional<std::string> append_to_;
  LiveFeeds* const feeds_;
  LiveQueue queue_;
  std::map<uint32_t, std::unique_ptr<LiveSubscription>> subscriptions_;
  uint32_t next_number_ = 1;
  int refusals_ = 0;  // in a row

  Event wake_;         // for WriteLoop(): there may be something to do
  Event room_;         // for ReadLoop(): answers have left
  Event writer_done_;  // for Run()
  bool over_ = false;
  bool writing_ = false;  // the queue's front is on its way
  bool ping_is_due_ = false;
  std::optional<Clock::time_point> pinged_at_;
  Clock::time_point heard_at_;
  std::optional<Clock::time_point> write_deadline_;
  std::optional<Clock::time_point> close_deadline_;
  std::optional<CloseCode> close_code_;
  std::string close_reason_;
};

/// Runs `work` on the pool and comes back to the thread.
Awaitable<void> RunOnPool(IoThread* thread, std::function<void()> work);

}  // namespace headrace::server
