#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "headrace/memory_budget.h"
#include "server/http/body_buffer.h"
#include "server/http/exchange.h"
#include "server/http/io_thread.h"
#include "server/http/request_parser.h"
#include "server/http/socket_stream.h"

namespace headrace::server {

class UpgradedConnection;

/// One connection's life: reads requests, has them answered, writes the answers in order, until
/// either side ends it.
///
///   waiting ──first byte──▶ reading ──last byte──▶ handling ──▶ writing ──▶ waiting …
///   idle_timeout            request_timeout         (no bound)   write_timeout
///
/// Answers to pipelined requests are gathered and sent together. Thread rule: the I/O thread's;
/// handlers that ask for it run on the pool meanwhile, when nothing here touches the exchange.
class Session {
 public:
  Session(StreamSocket socket, IoThread* thread);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Serves the connection to its end; if `refusal` is an error, by saying that and no more.
  Awaitable<void> Run(Status refusal);

  void CheckDeadline(Clock::time_point now);
  /// Ends the connection if it waits for a request, else after the request that is under way.
  void Drain();
  void Abort();

 private:
  enum class Next { kRequest, kClose, kCloseGently, kUpgrade };

  Awaitable<Next> ServeOne();
  /// From now on the connection speaks something else.
  void BeginUpgraded();
  Awaitable<Next> AnswerUnread(const Status& status);

  // Reading. kCancelled if the peer left, kTimeout past the deadline.
  Awaitable<Status> ReadRequest();
  Awaitable<Status> ReadHead();
  Awaitable<Status> ReadSizedBody(size_t length);
  Awaitable<Status> ReadChunkedBody();
  Awaitable<bool> FillInput();
  Status EndOfInput() const;
  void SetReadingDeadline(size_t body_bytes);
  std::string_view unread() const noexcept {
    return std::string_view(input_).substr(input_begin_, input_end_ - input_begin_);
  }

  // Answering. False if the peer is gone.
  Awaitable<void> Handle();
  Awaitable<bool> Respond(bool keep_alive);
  Awaitable<bool> RespondWhole(bool keep_alive);
  Awaitable<bool> RespondStream(bool keep_alive);
  Awaitable<bool> WriteStream(codec::Chunk pieces, bool ended, Framing framing);
  Awaitable<Status> Pull(int64_t least_bytes, codec::Chunk* pieces, bool* ended);
  void GiveRange(codec::Chunk* pieces);
  Awaitable<void> DropStream(bool ended);
  /// All of output_, `pieces` and `tail` in one gathering write.
  Awaitable<bool> Write(std::span<const std::shared_ptr<arrow::Buffer>> pieces,
                        std::string_view tail);
  Awaitable<bool> Flush() { return Write({}, {}); }
  ResponseHead HeadOf(Framing framing, size_t length, bool keep_alive) const noexcept;
  void Account(Clock::time_point handled_at);

  /// Meanwhile the peer is watched: if it leaves, the exchange is abandoned.
  template <typename Work>
  Awaitable<void> OnPool(Work& work);

  IoThread* const thread_;
  ServerState& state_;
  SocketStream stream_;
  std::unique_ptr<UpgradedConnection> upgraded_;
  IoThread::Sessions::iterator registered_;  // from here on deadlines are checked
  Reservation held_;
  RequestParser parser_;
  BodyBuffer body_;
  Exchange exchange_;
  std::string input_;  // [begin, end) was received and not taken yet
  size_t input_begin_ = 0;
  size_t input_end_ = 0;
  std::string output_;              // answers that were not sent yet
  bool waiting_ = true;             // for a request's first byte
  bool at_end_of_request_ = false;  // what is read next is another one, whatever became of this
  bool draining_ = false;
  Clock::time_point request_begin_;
};

}  // namespace headrace::server
