#pragma once

#include <functional>
#include <mutex>
#include <thread>

#include "cli/stop_signal.h"

namespace headrace::cli {

/// What SIGINT and SIGTERM do while a command works that nobody else can stop: the process ends at
/// once, with 128 and the signal's number as its status, unless something has to be undone first.
class Interruption {
 public:
  explicit Interruption(StopSignal* signal);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// From now on `tidy` is called first, on another thread.
  void Tidy(std::function<void()> tidy);
  /// From now on the command ends by itself: `stop`, called on another thread, makes it.
  void Stop(std::function<void()> stop);

 private:
  void Watch(StopSignal* signal);

  std::mutex mutex_;
  std::function<void()> tidy_;
  std::function<void()> stop_;
  bool woken_ = false;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace headrace::cli
