#include "server/websocket/live_subscription.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/buffer.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::server {

LiveSubscription::LiveSubscription(uint32_t number, LiveName name, LiveOutlet outlet)
    : number_(number),
      policy_(name.policy),
      outlet_(std::move(outlet)),
      place_(outlet_.roster, std::move(name)) {
  ++outlet_.counters->subscriptions;
}

LiveSubscription::~LiveSubscription() {
  Cancel();
  if (feed_ != nullptr) feed_->Leave(this);
}

void LiveSubscription::Follow(std::shared_ptr<LiveFeed> feed, std::optional<int64_t> tail) {
  feed_ = std::move(feed);
  const int64_t oldest = feed_->rows().extent().first_row;
  if (oldest > feed_->end()) feed_->Refresh();
  feed_->Join(this);
  state_end_ = feed_->end();
  cursor_ = std::min(state_end_, oldest);
  if (tail) cursor_ = std::max(cursor_, state_end_ - *tail);
  begun_ = cursor_ == state_end_;
  SendSchema(feed_->rows().schema_message());
}

void LiveSubscription::ReadOnce(std::unique_ptr<delivery::TableRows> rows,
                                std::shared_ptr<std::atomic<bool>> stop) {
  table_rows_ = std::move(rows);
  stop_ = std::move(stop);
  state_end_ = std::numeric_limits<int64_t>::max();
  SendSchema(table_rows_->schema_message());
}

void LiveSubscription::Cancel() noexcept {
  Leave();
  if (stop_ != nullptr) *stop_ = true;
}

bool LiveSubscription::Fits(const delivery::LivePiece& piece) const noexcept {
  if (piece.rows == nullptr || outlet_.queue->bytes() == 0) return true;
  return outlet_.queue->bytes() + piece.rows->size() <= outlet_.queue_bytes;
}

void LiveSubscription::SendSchema(const std::shared_ptr<arrow::Buffer>& schema) {
  if (schema == schema_sent_) return;
  schema_sent_ = schema;
  outlet_.queue->PushBinary(number_, kSchemaFlag, schema);
  outlet_.wake();
}

void LiveSubscription::Send(const delivery::LivePiece& piece) {
  SendSchema(piece.schema);
  cursor_ = piece.next_row;
  if (piece.rows == nullptr) return;
  const uint32_t flags = piece.first_row < state_end_ ? kStateFlag : 0;
  outlet_.queue->PushBinary(number_, flags, piece.rows);
  ++queued_;
  place_.queued_bytes += kPrefixBytes + piece.rows->size();
  place_.rows_sent += piece.num_rows;
  outlet_.counters->rows_sent += piece.num_rows;
  outlet_.wake();
}

void LiveSubscription::OnSent(int64_t bytes) noexcept {
  --queued_;
  place_.queued_bytes -= bytes;
}

bool LiveSubscription::Account(int64_t missed_rows) {
  if (missed_rows <= 0) return true;
  if (policy_ == LivePolicy::kAll) {
    outlet_.lose(fmt::format("subscription {} missed {} rows", number_, missed_rows));
    return false;
  }
  place_.rows_skipped += missed_rows;
  outlet_.counters->rows_skipped += missed_rows;
  outlet_.queue->PushText(SkippedMessage(id(), missed_rows, place_.rows_skipped));
  outlet_.wake();
  return true;
}

void LiveSubscription::SetBehind(bool behind) noexcept {
  if (behind == behind_) return;
  behind_ = behind;
  place_.slow = behind;
  outlet_.counters->slow_subscriptions += behind ? 1 : -1;
}

/// From now on it is not counted and not listed, whatever of it is still on its way.
void LiveSubscription::Leave() noexcept {
  if (std::exchange(ended_, true)) return;
  SetBehind(false);
  place_.Leave();
  --outlet_.counters->subscriptions;
}

void LiveSubscription::OnPiece(int64_t start_row, const delivery::LivePiece& piece) {
  if (ended_ || cursor_ >= piece.next_row) return;
  if (cursor_ != start_row) return outlet_.wake();  // Fill() gets there
  const bool fits = Fits(piece);
  if (policy_ == LivePolicy::kAll) {
    if (Account(fits ? piece.first_row - cursor_ : piece.next_row - cursor_)) Send(piece);
    return;
  }
  if (queued_ > 0 || !fits) return SetBehind(true);
  if (Account(piece.first_row - cursor_)) Send(piece);
}

void LiveSubscription::SkipTooOld() {
  if (policy_ == LivePolicy::kAll || cursor_ < state_end_) return;
  const int64_t most = feed_->rows().RowsIn(outlet_.queue_bytes / 2);
  const int64_t too_old = feed_->end() - most - cursor_;
  if (too_old <= 0) return;
  (void)Account(too_old);
  cursor_ += too_old;
}

bool LiveSubscription::Fill() {
  if (ended_ || feed_ == nullptr || queued_ > 0 || cursor_ >= feed_->end()) return false;
  SkipTooOld();
  // The present state ends where it ended when the client came: what follows are changes.
  const int64_t most = cursor_ < state_end_ ? state_end_ - cursor_ : feed_->end() - cursor_;
  auto piece = feed_->ReadBehind(cursor_, most);
  if (!piece.ok()) {
    if (CodeOf(piece.status()) != ErrorCode::kMemoryLimit) OnEnd(piece.status());
    return false;
  }
  if (piece->epoch != feed_->epoch()) {
    feed_->Refresh();
    return true;
  }
  // What left the window before the state was begun is no part of it.
  if (begun_ && !Account(piece->first_row - cursor_)) return false;
  begun_ = true;
  Send(*piece);
  if (cursor_ >= feed_->end()) SetBehind(false);
  return cursor_ < feed_->end() && queued_ == 0;
}

bool LiveSubscription::WantsTableRows() const noexcept {
  return !ended_ && table_rows_ != nullptr && queued_ == 0;
}

void LiveSubscription::OnTableRows(Result<delivery::LivePiece> piece) {
  if (ended_) return;
  if (!piece.ok()) return End("error", piece.status());
  if (piece->rows == nullptr) return End("end", Status::OK());
  Send(*piece);
}

void LiveSubscription::OnCleared() {
  cursor_ = state_end_ = 0;
  begun_ = true;
  SetBehind(false);
  outlet_.queue->PushText(ClearedMessage(id()));
  outlet_.wake();
}

void LiveSubscription::OnEnd(const Status& status) {
  End(status.ok() ? "dropped" : "error", status);
}

void LiveSubscription::End(std::string_view reason, const Status& status) {
  Leave();
  outlet_.queue->PushText(ClosedMessage(id(), reason, place_.rows_sent, status));
  outlet_.wake();
}

}  // namespace headrace::server
