#include "server/websocket/live_queue.h"

#include <algorithm>
#include <utility>

#include <arrow/buffer.h>

namespace headrace::server {
namespace {

void WriteLittleEndian(uint32_t value, std::string* out) {
  for (int shift = 0; shift < 32; shift += 8) *out += static_cast<char>(value >> shift & 0xff);
}

}  // namespace

int64_t LiveQueue::Item::bytes() const noexcept {
  return static_cast<int64_t>(text.size()) + (rest == nullptr ? 0 : rest->size());
}

void LiveQueue::Account(const Item& item, int sign) noexcept {
  const int64_t bytes = sign * item.bytes();
  bytes_ += bytes;
  if (item.rest == nullptr) text_bytes_ += bytes;
  counters_->queued_bytes += bytes;
}

void LiveQueue::PushText(std::string text) {
  items_.push_back({.text = std::move(text), .rest = nullptr});
  Account(items_.back(), 1);
}

void LiveQueue::PushBinary(uint32_t subscription, uint32_t flags,
                           std::shared_ptr<arrow::Buffer> rest) {
  Item item{.text = {}, .rest = std::move(rest)};
  WriteLittleEndian(subscription, &item.text);
  WriteLittleEndian(flags, &item.text);
  if ((flags & kSchemaFlag) == 0) item.subscription = subscription;
  items_.push_back(std::move(item));
  Account(items_.back(), 1);
}

LiveQueue::Item LiveQueue::Pop() {
  Item item = std::move(items_.front());
  items_.pop_front();
  Account(item, -1);
  return item;
}

void LiveQueue::Clear(bool first_is_on_its_way) {
  while (items_.size() > (first_is_on_its_way ? 1 : 0)) {
    Account(items_.back(), -1);
    items_.pop_back();
  }
}

void LiveQueue::Forget(uint32_t subscription, bool first_is_on_its_way) {
  const auto begin = items_.begin() + (first_is_on_its_way && !items_.empty() ? 1 : 0);
  const auto gone = std::stable_partition(
      begin, items_.end(), [&](const Item& item) { return item.subscription != subscription; });
  std::for_each(gone, items_.end(), [&](const Item& item) { Account(item, -1); });
  items_.erase(gone, items_.end());
}

}  // namespace headrace::server
