#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/websocket/live_message.h"

namespace headrace::server {

/// Who asked for what.
struct LiveName {
  std::string peer;            ///< "127.0.0.1:53122"; "unix" for a Unix socket
  std::string id;              ///< as JSON
  std::string table;           ///< "buffers.ticks"
  std::optional<double> rate;  ///< messages a second at most; none: read once, not followed
  LivePolicy policy = LivePolicy::kLatest;
};

/// How far a client has come with one subscription.
struct LiveProgress {
  bool slow = false;         ///< rows wait for the client to take others
  int64_t queued_bytes = 0;  ///< of rows, that it has not taken yet
  int64_t rows_sent = 0;
  int64_t rows_skipped = 0;
};

/// All subscriptions there are, so that those that do not keep up can be named. Thread rule: any
/// thread; a place's figures are changed by one.
class LiveRoster {
 public:
  /// A subscription's place, for as long as it lives. The roster outlives it.
  class Place {
   public:
    Place(LiveRoster* roster, LiveName name);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    const LiveName& name() const noexcept { return name_; }
    LiveProgress Progress() const noexcept;
    /// It is over, though the object still lives.
    void Leave() noexcept { roster_->Remove(number_); }

    std::atomic<bool> slow = false;
    std::atomic<int64_t> queued_bytes = 0;
    std::atomic<int64_t> rows_sent = 0;
    std::atomic<int64_t> rows_skipped = 0;

   private:
    LiveRoster* const roster_;
    const LiveName name_;
    const uint64_t number_;
  };

  struct Entry {
    LiveName name;
    LiveProgress progress;
  };

  /// At most `most`: the slow ones first, then by rows skipped, bytes queued, and age. Looks at
  /// all of them, in memory for `most`.
  std::vector<Entry> Slowest(size_t most) const;

 private:
  uint64_t Add(const Place* place);
  void Remove(uint64_t number) noexcept;

  mutable std::mutex mutex_;
  std::map<uint64_t, const Place*> places_;  // by age
  uint64_t next_number_ = 0;
};

}  // namespace headrace::server
