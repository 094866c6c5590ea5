#pragma once

#include <atomic>
#include <cstdint>

namespace headrace::server {

/// What /v1/live counts of itself. Thread rule: any thread.
struct LiveCounters {
  std::atomic<int64_t> clients = 0;
  std::atomic<int64_t> subscriptions = 0;
  std::atomic<int64_t> slow_subscriptions = 0;  ///< whose rows wait for the client to take others
  std::atomic<int64_t> queued_bytes = 0;
  // Since the start.
  std::atomic<int64_t> messages_sent = 0;
  std::atomic<int64_t> rows_sent = 0;
  std::atomic<int64_t> rows_skipped = 0;
  std::atomic<int64_t> fallen_behind = 0;  ///< clients that were ended for that
  std::atomic<int64_t> not_answering = 0;  ///< clients that were given up
  std::atomic<int64_t> batches_encoded = 0;
};

}  // namespace headrace::server
