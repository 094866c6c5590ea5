#pragma once

#include <csignal>

namespace headrace::cli {

/// SIGTERM and SIGINT as something to wait for. Make it first in main(): it blocks both in the
/// calling thread and in all threads that start later, so that they reach Wait() only. SIGPIPE is
/// ignored, because sockets report a peer that has left by themselves.
class StopSignal {
 public:
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Waits for one of the two and returns it. From then on a second one ends the process at once,
  /// with the status that the signal gives.
  int Wait();

 private:
  sigset_t signals_;
};

}  // namespace headrace::cli
