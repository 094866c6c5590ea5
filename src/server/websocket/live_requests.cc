// What the messages of a live client ask for: the other half of live_session.cc.

#include <algorithm>
#include <exception>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "codec/arrow_rows.h"
#include "headrace/error_code.h"
#include "headrace/names.h"
#include "server/websocket/live_session.h"

namespace headrace::server {
namespace {

// What an I/O thread does itself: a few tens of microseconds. The rest goes to the pool.
constexpr size_t kQuickBytes = 32 << 10;
// What text takes at most while it is parsed, in terms of its own length; see polars_api.cc.
constexpr int64_t kParseFactor = 18;
constexpr int64_t kPieceBytes = 1 << 20;
// So many messages in a row that are refused end the connection.
constexpr int kMostRefusals = 100;

/// What the rows of two subscriptions have to have in common to be taken together.
std::string KeyOf(const catalog::Entry& entry, const Subscribe& subscribe) {
  const delivery::LiveRequest& request = subscribe.request;
  std::string key = fmt::format("{} {} {} {} {:?}", entry.full_name(), fmt::ptr(entry.source.get()),
                                subscribe.rate, static_cast<int>(subscribe.policy), request.filter);
  if (request.columns) key += fmt::format(" columns {}", *request.columns);
  if (!request.features) return key;
  const FeaturePlan& plan = *request.features;
  key += fmt::format(" features {} {} {} {} {}", plan.windows, plan.lags, plan.min_samples,
                     plan.ddof, plan.fill_zero);
  for (const StatRequest& stat : plan.stats) key += fmt::format(" {}", stat.name);
  if (plan.columns) key += fmt::format(" of {}", *plan.columns);
  return key;
}

/// Foreign exceptions end here.
template <typename Work>
Status Guarded(Work&& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return MakeError(ErrorCode::kMemoryLimit, "no memory is left for this");
  } catch (const std::exception& e) {
    return MakeError(ErrorCode::kInternal, fmt::format("a defect in Headrace: {}", e.what()));
  }
}

Result<std::string_view> BufferOf(const std::vector<codec::JsonRowsParser::Member>& members) {
  const auto refuse = [](std::string message) {
    return MakeError(ErrorCode::kInvalidArgument, std::move(message), {"append", "buffer_id"});
  };
  if (members.size() != 1 || members[0].name != "buffer_id") {
    return refuse("append takes buffer_id and data");
  }
  if (members[0].value.kind != Cell::Kind::kString) return refuse("buffer_id must be a string");
  return members[0].value.view();
}

}  // namespace

int64_t LiveSession::PieceBytes() const noexcept {
  return std::min(kPieceBytes, options_.queue_bytes / 4);
}

void LiveSession::AnswerRefusal(std::string_view kind, std::string_view id, const Status& status) {
  queue_.PushText(ErrorMessage(kind, id, status));
  Wake();
  if (++refusals_ < kMostRefusals) return;
  Close(CloseCode::kPolicy, fmt::format("{} messages in a row were refused", refusals_), false);
}

Awaitable<void> LiveSession::HandleText() {
  const std::string_view text = message_.view();
  auto parsed = ParseLiveMessage(text, &body_);
  if (!parsed.ok()) {
    AnswerRefusal(KindOf(text), {}, parsed.status());
    co_return;
  }
  std::string id;
  if (const auto* subscribe = std::get_if<Subscribe>(&*parsed)) id = subscribe->id;
  if (const auto* unsubscribe = std::get_if<Unsubscribe>(&*parsed)) id = unsubscribe->id;
  Status status;
  switch (parsed->index()) {
    case 0: status = co_await Do(std::get<Subscribe>(std::move(*parsed))); break;
    case 1: status = co_await Do(std::get<Unsubscribe>(std::move(*parsed))); break;
    case 2: status = co_await Do(std::get<AppendTo>(std::move(*parsed))); break;
    default: status = co_await Do(std::get<AppendJson>(*parsed)); break;
  }
  if (!status.ok()) co_return AnswerRefusal(KindOf(text), id, status);
  refusals_ = 0;
}

Awaitable<void> LiveSession::HandleBinary() {
  const Status status = co_await AppendArrow();
  if (!status.ok()) co_return AnswerRefusal("append", {}, status);
  refusals_ = 0;
}

Status LiveSession::CheckSubscribe(const Subscribe& subscribe) const {
  int64_t count = 0;
  for (const auto& [number, other] : subscriptions_) {
    if (other->ended()) continue;
    ++count;
    if (other->id() != subscribe.id) continue;
    return MakeError(
        ErrorCode::kNameExists,
        fmt::format("a subscription has the id {}: end it first, or choose another", subscribe.id),
        {"subscribe", "id"});
  }
  if (count < options_.max_subscriptions) return Status::OK();
  return MakeError(ErrorCode::kTooLarge,
                   fmt::format("there are {} subscriptions here, the most allowed", count),
                   {"subscribe"});
}

Awaitable<Status> LiveSession::Do(Subscribe subscribe) {
  if (subscribe.id.empty()) subscribe.id = fmt::to_string(next_number_);
  if (const Status status = CheckSubscribe(subscribe); !status.ok()) co_return status;
  const auto entry = service_->tables().Find(subscribe.request.table);
  if (!entry.ok()) {
    co_return MakeError(CodeOf(entry.status()), entry.status().message(), {"subscribe", "table"});
  }
  Status status;  // not by ?:, of which g++ 12 makes two statuses in a coroutine
  if (entry->source->changes() != nullptr) {
    status = co_await Follow(*entry, subscribe);
  } else {
    status = co_await ReadOnce(*entry, subscribe);
  }
  co_return LocatedInMessage("subscribe", status);
}

LiveSubscription& LiveSession::AddSubscription(const catalog::Entry& entry,
                                               const Subscribe& subscribe) {
  const uint32_t number = next_number_++;
  const LiveOutlet outlet{
      .queue = &queue_,
      .counters = &service_->counters(),
      .roster = &service_->roster(),
      .queue_bytes = options_.queue_bytes,
      .wake = [this] { Wake(); },
      .lose =
          [this](std::string reason) {
            ++service_->counters().fallen_behind;
            Close(CloseCode::kBehind, reason, true);
          },
  };
  LiveName name{.peer = peer_,
                .id = subscribe.id,
                .table = entry.full_name(),
                .rate = std::nullopt,
                .policy = subscribe.policy};
  if (entry.source->changes() != nullptr) name.rate = subscribe.rate;
  auto& place = subscriptions_[number];
  place = std::make_unique<LiveSubscription>(number, std::move(name), outlet);
  return *place;
}

Awaitable<Result<std::shared_ptr<LiveFeed>>> LiveSession::FindFeed(const catalog::Entry& entry,
                                                                   const Subscribe& subscribe) {
  const std::string key = KeyOf(entry, subscribe);
  if (auto feed = (*feeds_)[key].lock()) co_return feed;
  Result<std::unique_ptr<delivery::LiveRows>> rows = std::unique_ptr<delivery::LiveRows>();
  const auto open = [&] {
    const Status status = Guarded([&] {
      rows = delivery::LiveRows::Open(entry, subscribe.request, budget_);
      return rows.status();
    });
    if (!status.ok()) rows = status;
  };
  // Features that nobody has asked for yet are computed of all rows.
  if (subscribe.request.features) {
    co_await RunOnPool(thread_, open);
  } else {
    open();
  }
  if (!rows.ok()) co_return rows.status();
  std::erase_if(*feeds_, [](const auto& known_feed) { return known_feed.second.expired(); });
  auto& known = (*feeds_)[key];
  if (auto feed = known.lock()) co_return feed;
  const LiveFeed::Options options{
      .rate = subscribe.rate, .policy = subscribe.policy, .piece_bytes = PieceBytes()};
  auto feed =
      std::make_shared<LiveFeed>(thread_->io(), std::move(*rows), options, &service_->counters());
  feed->Start();
  known = feed;
  co_return feed;
}

Awaitable<Status> LiveSession::Follow(const catalog::Entry& entry, const Subscribe& subscribe) {
  auto feed = co_await FindFeed(entry, subscribe);
  if (!feed.ok()) co_return feed.status();
  LiveSubscription& subscription = AddSubscription(entry, subscribe);
  const auto extent = (*feed)->rows().extent();
  int64_t first_row = std::min(extent.first_row, (*feed)->end());
  if (subscribe.tail) first_row = std::max(first_row, (*feed)->end() - *subscribe.tail);
  queue_.PushText(
      SubscribedMessage(subscribe.id, subscription.number(), entry.full_name(), first_row, true));
  subscription.Follow(std::move(*feed), subscribe.tail);
  Wake();
  co_return Status::OK();
}

Awaitable<Status> LiveSession::ReadOnce(const catalog::Entry& entry, const Subscribe& subscribe) {
  auto stop = std::make_shared<std::atomic<bool>>(false);
  Result<std::unique_ptr<delivery::TableRows>> rows = std::unique_ptr<delivery::TableRows>();
  co_await RunOnPool(thread_, [&] {
    const Status status = Guarded([&] {
      rows = delivery::TableRows::Open(entry, subscribe.request, subscribe.tail, stop, budget_);
      return rows.status();
    });
    if (!status.ok()) rows = status;
  });
  if (!rows.ok()) co_return rows.status();
  LiveSubscription& subscription = AddSubscription(entry, subscribe);
  queue_.PushText(
      SubscribedMessage(subscribe.id, subscription.number(), entry.full_name(), 0, false));
  subscription.ReadOnce(std::move(*rows), std::move(stop));
  Wake();
  co_return Status::OK();
}

Awaitable<Status> LiveSession::Do(Unsubscribe unsubscribe) {
  for (auto& [number, subscription] : subscriptions_) {
    if (subscription->ended() || subscription->id() != unsubscribe.id) continue;
    subscription->Cancel();
    queue_.Forget(number, writing_);
    queue_.PushText(UnsubscribedMessage(unsubscribe.id));
    Wake();
    co_return Status::OK();
  }
  co_return MakeError(ErrorCode::kUnknownName,
                      fmt::format("there is no subscription {}", unsubscribe.id), {"unsubscribe"});
}

Awaitable<Status> LiveSession::Do(AppendTo append_to) {
  const auto stats = service_->delivery().Stats(append_to.buffer_id);
  if (!stats.ok()) co_return LocatedInMessage("append_to", stats.status());
  append_to_ = std::move(append_to.buffer_id);
  queue_.PushText(AppendToMessage(*append_to_));
  Wake();
  co_return Status::OK();
}

Awaitable<Status> LiveSession::Do(AppendJson append) {
  const bool is_long = append.body.size() > kQuickBytes;
  Reservation room = budget_->Reserve("live");
  if (is_long) {
    const Status fits = room.Resize(static_cast<int64_t>(append.body.size()) * kParseFactor);
    if (!fits.ok()) co_return fits;
  }
  const auto work = [&]() -> Status {
    std::vector<codec::JsonRowsParser::Member> members;
    ARROW_RETURN_NOT_OK(rows_parser_->ParseEnvelope(append.body, "data", &rows_, &members));
    ARROW_ASSIGN_OR_RAISE(const auto buffer_id, BufferOf(members));
    ARROW_ASSIGN_OR_RAISE(const auto result, service_->delivery().Append(buffer_id, rows_));
    appended_ = AppendedMessage(buffer_id, result);
    return Status::OK();
  };
  Status status;
  if (is_long) {
    co_await RunOnPool(thread_, [&] { status = Guarded(work); });
    rows_ = RowBatch();
    rows_parser_ = std::make_unique<codec::JsonRowsParser>();
  } else {
    status = Guarded(work);
  }
  if (!status.ok()) co_return LocatedInMessage("append", status);
  queue_.PushText(std::move(appended_));
  Wake();
  co_return Status::OK();
}

Awaitable<Status> LiveSession::AppendArrow() {
  if (!append_to_) {
    co_return MakeError(ErrorCode::kInvalidArgument,
                        "rows in Arrow need a buffer: send {\"append_to\": NAME} before them",
                        {"append"});
  }
  const auto work = [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          codec::OpenArrowBody(std::make_shared<arrow::Buffer>(message_.view()),
                                               codec::Format::kArrowStream, budget_));
    ARROW_ASSIGN_OR_RAISE(const auto result, service_->delivery().Append(*append_to_, *reader));
    appended_ = AppendedMessage(*append_to_, result);
    return Status::OK();
  };
  Status status;
  if (message_.size() > kQuickBytes) {
    co_await RunOnPool(thread_, [&] { status = Guarded(work); });
  } else {
    status = Guarded(work);
  }
  if (!status.ok()) co_return LocatedInMessage("append", status);
  queue_.PushText(std::move(appended_));
  Wake();
  co_return Status::OK();
}

}  // namespace headrace::server
