#include "server/websocket/live_feed.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "headrace/error_code.h"

namespace headrace::server {
namespace {

namespace asio = boost::asio;

// In one go, so many pieces are taken at most: the thread has others to serve.
constexpr int kPiecesAtATime = 8;

Clock::duration PeriodOf(double rate) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / rate));
}

}  // namespace

LiveFeed::LiveFeed(asio::io_context& io, std::unique_ptr<delivery::LiveRows> rows, Options options,
                   LiveCounters* counters)
    : rows_(std::move(rows)),
      options_(options),
      counters_(counters),
      io_(io),
      timer_(io.get_executor()) {}

LiveFeed::~LiveFeed() { rows_->changes().Remove(this); }

void LiveFeed::Start() {
  rows_->changes().Add(this);
  seen_position_ = rows_->changes().position();
  const auto extent = rows_->extent();
  end_ = extent.end_row;
  epoch_ = extent.epoch;
  OnRested();
}

/// Called by whoever appends: wakes us once, however much comes until we are awake.
void LiveFeed::OnChange(int64_t position) noexcept {
  if (position < wake_at_.load()) return;
  if (wake_at_.exchange(kAsleep) == kAsleep) return;
  try {
    asio::post(io_, [feed = weak_from_this()] {
      if (const auto alive = feed.lock()) alive->OnWake();
    });
  } catch (...) {
    wake_at_ = 0;  // the next change tries again
  }
}

void LiveFeed::OnWake() {
  if (ended_) return;
  Take();
  if (resting_) return WatchWindow();
  Rest();
}

/// With policy "all" rest is cut short before rows leave the window.
void LiveFeed::WatchWindow() {
  if (ended_ || options_.policy != LivePolicy::kAll) return;
  const int64_t half = std::max<int64_t>(1, rows_->window_rows() / 2);
  wake_at_ = seen_position_ + half;
  OnChange(rows_->changes().position());  // what came just before
}

/// From here on we rest, or wait for a change if there was none.
void LiveFeed::OnRested() {
  resting_ = false;
  if (ended_) return;
  if (more_ || rows_->changes().position() != seen_position_) {
    Take();
    return Rest();
  }
  wake_at_ = 0;
  // What changed just before we could be woken.
  if (rows_->changes().position() != seen_position_) OnChange(seen_position_ + 1);
}

void LiveFeed::Rest() {
  if (ended_) return;
  resting_ = true;
  WatchWindow();
  timer_.expires_after(PeriodOf(options_.rate));
  timer_.async_wait([feed = weak_from_this()](const boost::system::error_code& error) {
    const auto alive = feed.lock();
    if (!error && alive != nullptr) alive->OnRested();
  });
}

void LiveFeed::Take() {
  const auto held = shared_from_this();  // followers may leave
  more_ = false;
  seen_position_ = rows_->changes().position();
  if (rows_->changes().ended()) return End(Status::OK());
  for (int i = 0; i < kPiecesAtATime && !ended_; ++i) {
    if (!TakePiece()) return;
  }
  more_ = true;
}

/// False if there is no more for now.
bool LiveFeed::TakePiece() {
  auto piece = rows_->Read(end_, std::numeric_limits<int64_t>::max(), options_.piece_bytes);
  if (!piece.ok()) {
    // With no memory for rows they wait in the window.
    if (CodeOf(piece.status()) != ErrorCode::kMemoryLimit) End(piece.status());
    more_ = true;
    return false;
  }
  if (piece->epoch != epoch_) {
    epoch_ = piece->epoch;
    end_ = 0;
    for (LiveFollower* follower : std::vector(followers_.begin(), followers_.end())) {
      follower->OnCleared();
    }
    return true;
  }
  if (piece->next_row == end_) return false;
  if (piece->rows != nullptr) ++counters_->batches_encoded;
  const int64_t start_row = std::exchange(end_, piece->next_row);
  for (LiveFollower* follower : std::vector(followers_.begin(), followers_.end())) {
    follower->OnPiece(start_row, *piece);
  }
  return piece->next_row < piece->end_row;
}

void LiveFeed::End(const Status& status) {
  ended_ = true;
  timer_.cancel();
  for (LiveFollower* follower : std::exchange(followers_, {})) follower->OnEnd(status);
}

Result<delivery::LivePiece> LiveFeed::ReadBehind(int64_t start_row, int64_t most_rows) {
  auto piece = rows_->Read(start_row, std::min(most_rows, end_ - start_row), options_.piece_bytes);
  if (piece.ok() && piece->rows != nullptr) ++counters_->batches_encoded;
  return piece;
}

}  // namespace headrace::server
