#include "headrace/change_signal.h"

#include <algorithm>

namespace headrace {

void ChangeSignal::Add(ChangeListener* listener) {
  std::lock_guard lock(mutex_);
  listeners_.push_back(listener);
  ++num_listeners_;
}

void ChangeSignal::Remove(ChangeListener* listener) {
  std::lock_guard lock(mutex_);
  const auto erased = std::erase(listeners_, listener);
  num_listeners_ -= static_cast<int>(erased);
}

void ChangeSignal::Notify(int64_t rows) noexcept {
  const int64_t steps = std::max<int64_t>(1, rows);
  const int64_t position = position_.fetch_add(steps) + steps;
  if (num_listeners_.load() == 0) return;
  std::lock_guard lock(mutex_);
  for (ChangeListener* listener : listeners_) listener->OnChange(position);
}

void ChangeSignal::End() noexcept {
  ended_ = true;
  Notify(0);
}

}  // namespace headrace
