#include "cli/interruption.h"

#include <csignal>
#include <utility>

#include <unistd.h>

namespace headrace::cli {
namespace {

constexpr int kEndedBySignal = 128;

}  // namespace

Interruption::Interruption(StopSignal* signal) : thread_([this, signal] { Watch(signal); }) {}

Interruption::~Interruption() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
    if (!woken_) pthread_kill(thread_.native_handle(), SIGTERM);  // for the wait to end
  }
  thread_.join();
}

void Interruption::Tidy(std::function<void()> tidy) {
  const std::lock_guard lock(mutex_);
  tidy_ = std::move(tidy);
}

void Interruption::Stop(std::function<void()> stop) {
  const std::lock_guard lock(mutex_);
  stop_ = std::move(stop);
}

void Interruption::Watch(StopSignal* signal) {
  const int number = signal->Wait();
  const std::lock_guard lock(mutex_);
  woken_ = true;
  if (done_) return;
  if (tidy_) tidy_();
  if (!stop_) _exit(kEndedBySignal + number);
  stop_();
}

}  // namespace headrace::cli
