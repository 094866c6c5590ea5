#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "delivery/table_rows.h"
#include "server/websocket/live_feed.h"
#include "server/websocket/live_queue.h"
#include "server/websocket/live_roster.h"

namespace headrace::server {

/// What a subscription needs of its connection.
struct LiveOutlet {
  LiveQueue* queue = nullptr;
  LiveCounters* counters = nullptr;
  LiveRoster* roster = nullptr;
  int64_t queue_bytes = 0;
  std::function<void()> wake;             ///< there may be something to send
  std::function<void(std::string)> lose;  ///< policy "all" cannot be kept: ends the connection
};

/// One subscription: where in the rows of its feed the client stands.
///
///   rows of the window:   ......|======= sent =======|---- behind ----|........
///                                                  cursor         feed's end
///
/// While the client takes what it gets, it gets the feed's pieces, which all followers share. When
/// it does not, its cursor stays, and rows wait in the window, where they are anyway: as soon as
/// its last piece has left, Fill() reads on. With policy "latest" only one piece at a time waits in
/// the queue, and what is more than half a queue behind is skipped; with "all" pieces are queued as
/// they come, and the connection ends when that does not fit. Thread rule: the I/O thread's.
class LiveSubscription final : public LiveFollower {
 public:
  LiveSubscription(uint32_t number, LiveName name, LiveOutlet outlet);
  ~LiveSubscription() override;

  /// Sends the present state (its last `tail` rows), then what changes.
  void Follow(std::shared_ptr<LiveFeed> feed, std::optional<int64_t> tail);
  /// Sends the rows once. `stop` ends reading that is under way.
  void ReadOnce(std::unique_ptr<delivery::TableRows> rows, std::shared_ptr<std::atomic<bool>> stop);

  /// Queues what the client is behind, if it has taken what was queued. True if there may be more
  /// to do at once.
  bool Fill();
  /// Whether the next rows come out of a table: reading them may take long.
  bool WantsTableRows() const noexcept;
  delivery::TableRows& table_rows() noexcept { return *table_rows_; }
  void OnTableRows(Result<delivery::LivePiece> piece);

  /// Nothing more is sent.
  void Cancel() noexcept;

  /// A message with its rows, so many bytes, has left.
  void OnSent(int64_t bytes) noexcept;

  uint32_t number() const noexcept { return number_; }
  const std::string& id() const noexcept { return place_.name().id; }
  bool ended() const noexcept { return ended_; }
  bool follows() const noexcept { return feed_ != nullptr; }
  int64_t cursor() const noexcept { return cursor_; }

  void OnPiece(int64_t start_row, const delivery::LivePiece& piece) override;
  void OnCleared() override;
  void OnEnd(const Status& status) override;

 private:
  bool Fits(const delivery::LivePiece& piece) const noexcept;
  void SendSchema(const std::shared_ptr<arrow::Buffer>& schema);
  void Send(const delivery::LivePiece& piece);
  /// False if the connection ends for it.
  bool Account(int64_t missed_rows);
  void SkipTooOld();
  void SetBehind(bool behind) noexcept;
  void Leave() noexcept;
  void End(std::string_view reason, const Status& status);

  const uint32_t number_;
  const LivePolicy policy_;
  const LiveOutlet outlet_;
  LiveRoster::Place place_;
  std::shared_ptr<LiveFeed> feed_;
  std::unique_ptr<delivery::TableRows> table_rows_;
  std::shared_ptr<std::atomic<bool>> stop_;
  std::shared_ptr<arrow::Buffer> schema_sent_;
  int64_t cursor_ = 0;     // rows of the source before it were sent or skipped
  int64_t state_end_ = 0;  // rows before it are the present state
  bool begun_ = false;     // some of the state was read
  bool behind_ = false;
  bool ended_ = false;
  int queued_ = 0;  // messages with rows in the queue
};

}  // namespace headrace::server
