#pragma once

#include <chrono>
#include <cstdint>

namespace headrace::server {

/// Bounds of /v1/live.
struct LiveOptions {
  int64_t max_clients = 1000;            ///< more are answered 503
  int64_t max_subscriptions = 64;        ///< of a client; more are refused
  int64_t queue_bytes = 8 << 20;         ///< that wait to be sent to a client
  int64_t max_message_bytes = 16 << 20;  ///< of a client's message; more ends the connection (1009)
  std::chrono::milliseconds ping_interval{20'000};  ///< a client that is silent so long is asked
  std::chrono::milliseconds pong_timeout{20'000};   ///< and has so long to answer
  std::chrono::milliseconds close_timeout{2'000};   ///< for a client to take its last messages
};

}  // namespace headrace::server
