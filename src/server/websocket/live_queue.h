#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "server/websocket/live_counters.h"

namespace headrace::server {

/// What stands in front of Arrow's bytes in a binary message: subscription and flags, each 4 bytes,
/// little-endian, so that the rest stays aligned to 8.
constexpr int64_t kPrefixBytes = 8;
constexpr uint32_t kSchemaFlag = 1;  ///< the rest is a schema's message
constexpr uint32_t kStateFlag = 2;   ///< the rows are of the present state, not changes

/// Messages that wait to be sent to one client, in order. Bytes of rows lie in buffers that the
/// clients of a feed share, drawn from the memory budget. Thread rule: one thread.
class LiveQueue {
 public:
  explicit LiveQueue(LiveCounters* counters) : counters_(counters) {}
  ~LiveQueue() { Clear(false); }
  LiveQueue(const LiveQueue&) = delete;
  LiveQueue& operator=(const LiveQueue&) = delete;

  struct Item {
    std::string text;                     ///< a text message, or the prefix of a binary one
    std::shared_ptr<arrow::Buffer> rest;  ///< null: text
    uint32_t subscription = 0;            ///< whose rows; 0: none
    int64_t bytes() const noexcept;
  };

  void PushText(std::string text);
  void PushBinary(uint32_t subscription, uint32_t flags, std::shared_ptr<arrow::Buffer> rest);

  bool empty() const noexcept { return items_.empty(); }
  const Item& front() const noexcept { return items_.front(); }
  Item Pop();

  /// Forgets all messages, or those with rows of one subscription; but the first if it is on its
  /// way.
  void Clear(bool first_is_on_its_way);
  void Forget(uint32_t subscription, bool first_is_on_its_way);

  int64_t bytes() const noexcept { return bytes_; }
  int64_t text_bytes() const noexcept { return text_bytes_; }

 private:
  void Account(const Item& item, int sign) noexcept;

  LiveCounters* const counters_;
  std::deque<Item> items_;
  int64_t bytes_ = 0;
  int64_t text_bytes_ = 0;
};

}  // namespace headrace::server
