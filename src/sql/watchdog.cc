#include "sql/watchdog.h"

#include <utility>

namespace headrace::sql {
namespace {

constexpr std::chrono::milliseconds kLook{10};

}  // namespace

Watchdog::Watchdog() : thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Watchdog::Watch Watchdog::Begin(Watched watched) {
  Watch watch;
  watch.dog_ = this;
  std::lock_guard lock(mutex_);
  watch.place_ = watched_.insert(watched_.end(), std::move(watched));
  changed_.notify_all();
  return watch;
}

void Watchdog::Run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (watched_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto now = Clock::now();
    for (Watched& watched : watched_) {
      const bool left = watched.stop != nullptr && *watched.stop;
      watched.timed_out = watched.timed_out || (watched.deadline && now >= *watched.deadline);
      // Again and again: an interrupt that comes between two statements of a text is forgotten.
      if (left || watched.timed_out) duckdb_interrupt(watched.connection);
    }
    changed_.wait_for(lock, kLook, [this] { return ending_; });
  }
}

Watchdog::Watch::Watch(Watch&& other) noexcept
    : dog_(std::exchange(other.dog_, nullptr)), place_(other.place_) {}

Watchdog::Watch& Watchdog::Watch::operator=(Watch&& other) noexcept {
  End();
  dog_ = std::exchange(other.dog_, nullptr);
  place_ = other.place_;
  return *this;
}

void Watchdog::Watch::End() {
  if (dog_ == nullptr) return;
  Watchdog* const dog = std::exchange(dog_, nullptr);
  std::lock_guard lock(dog->mutex_);
  dog->watched_.erase(place_);
}

bool Watchdog::Watch::timed_out() const {
  if (dog_ == nullptr) return false;
  std::lock_guard lock(dog_->mutex_);
  return place_->timed_out;
}

}  // namespace headrace::sql
