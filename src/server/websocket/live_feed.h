#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "delivery/live_rows.h"
#include "headrace/change_signal.h"
#include "server/http/socket_stream.h"
#include "server/websocket/live_counters.h"
#include "server/websocket/live_message.h"

namespace headrace::server {

class LiveFeed;

/// Who follows a feed. Called on the feed's I/O thread.
class LiveFollower {
 public:
  virtual ~LiveFollower() = default;
  /// Rows [start_row, piece.next_row) of the feed were looked at; `piece` has what of them is there
  /// and passed.
  virtual void OnPiece(int64_t start_row, const delivery::LivePiece& piece) = 0;
  /// The source was cleared: rows are numbered from 0 again.
  virtual void OnCleared() = 0;
  /// The last call: the source was dropped (OK), or cannot be read any more.
  virtual void OnEnd(const Status& status) = 0;
};

/// Feeds of one I/O thread by what is asked of them, so that rows are taken and encoded once for
/// all who ask for the same.
using LiveFeeds = std::map<std::string, std::weak_ptr<LiveFeed>>;

/// The changes of one source as one request has them, at one rate, for all followers on one I/O
/// thread:
///
///   idle ──change──▶ take, give to all ──▶ resting for 1/rate ──nothing new──▶ idle
///                          ▲──────────────────────│ changes meanwhile
///
/// While it rests, appends cost nothing but a look at a number. With policy "all", rest is cut
/// short when half of a window has come, before rows are lost. Thread rule: the I/O thread's, but
/// for OnChange().
class LiveFeed final : public ChangeListener, public std::enable_shared_from_this<LiveFeed> {
 public:
  struct Options {
    double rate = 30;
    LivePolicy policy = LivePolicy::kLatest;
    int64_t piece_bytes = 1 << 20;
  };
  LiveFeed(boost::asio::io_context& io, std::unique_ptr<delivery::LiveRows> rows, Options options,
           LiveCounters* counters);
  ~LiveFeed() override;

  /// Begins to listen. Follows the constructor.
  void Start();

  void Join(LiveFollower* follower) { followers_.push_back(follower); }
  void Leave(LiveFollower* follower) { followers_.remove(follower); }

  /// Rows from `start_row` on for one follower that is behind: up to end(), about a piece.
  Result<delivery::LivePiece> ReadBehind(int64_t start_row, int64_t most_rows);
  /// Takes what has changed now.
  void Refresh() { Take(); }

  int64_t end() const noexcept { return end_; }
  uint64_t epoch() const noexcept { return epoch_; }
  delivery::LiveRows& rows() noexcept { return *rows_; }

  void OnChange(int64_t position) noexcept override;

 private:
  static constexpr int64_t kAsleep = std::numeric_limits<int64_t>::max();

  void OnWake();
  void OnRested();
  void Rest();
  void WatchWindow();
  void Take();
  bool TakePiece();
  void End(const Status& status);

  const std::unique_ptr<delivery::LiveRows> rows_;
  const Options options_;
  LiveCounters* const counters_;
  boost::asio::io_context& io_;
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, IoExecutor> timer_;
  std::list<LiveFollower*> followers_;
  int64_t end_ = 0;  // rows before it were given
  uint64_t epoch_ = 0;
  int64_t seen_position_ = 0;  // of the signal, when rows were taken last
  bool more_ = false;          // than was taken at a time
  bool resting_ = false;
  bool ended_ = false;
  std::atomic<int64_t> wake_at_{kAsleep};  // the signal's position that wakes us
};

}  // namespace headrace::server
