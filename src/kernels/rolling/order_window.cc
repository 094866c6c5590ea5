#include "kernels/rolling/order_window.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace headrace::kernels::rolling {

size_t OrderWindow::Bytes(int64_t capacity) noexcept {
  const auto n = static_cast<size_t>(capacity);
  // Both heaps share one array: low grows from its front, high from its back.
  return n * sizeof(double) + (n + n % 2) * sizeof(int32_t) * 2;
}

OrderWindow::OrderWindow(int64_t capacity, double quantile, std::byte* memory) noexcept
    : values_(reinterpret_cast<double*>(memory)),
      places_(reinterpret_cast<int32_t*>(memory + capacity * static_cast<int64_t>(sizeof(double)))),
      low_(places_ + capacity + capacity % 2),
      high_(low_ + capacity - 1),
      quantile_(quantile),
      capacity_(capacity) {
  Clear();
}

void OrderWindow::Clear() noexcept {
  std::fill(places_, places_ + capacity_, kNothing);
  next_ = 0;
  low_size_ = high_size_ = 0;
  nan_count_ = 0;
}

// low: the heap's root is the largest; high: the smallest. Entry `at` counts from 0.
template <bool kLow>
bool OrderWindow::Above(int32_t a, int32_t b) const noexcept {
  return kLow ? values_[a] > values_[b] : values_[a] < values_[b];
}

template <bool kLow>
void OrderWindow::Place(int32_t at, int32_t slot) noexcept {
  (kLow ? low_[at] : high_[-at]) = slot;
  places_[slot] = kLow ? at + 1 : -(at + 1);
}

template <bool kLow>
void OrderWindow::SiftUp(int32_t at) noexcept {
  const int32_t slot = kLow ? low_[at] : high_[-at];
  while (at > 0) {
    const int32_t parent = (at - 1) / 2;
    const int32_t above = kLow ? low_[parent] : high_[-parent];
    if (!Above<kLow>(slot, above)) break;
    Place<kLow>(at, above);
    at = parent;
  }
  Place<kLow>(at, slot);
}

template <bool kLow>
void OrderWindow::SiftDown(int32_t at) noexcept {
  const int32_t size = kLow ? low_size_ : high_size_;
  const int32_t slot = kLow ? low_[at] : high_[-at];
  for (int32_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
    int32_t best = kLow ? low_[child] : high_[-child];
    if (child + 1 < size) {
      const int32_t other = kLow ? low_[child + 1] : high_[-(child + 1)];
      if (Above<kLow>(other, best)) {
        best = other;
        ++child;
      }
    }
    if (!Above<kLow>(best, slot)) break;
    Place<kLow>(at, best);
    at = child;
  }
  Place<kLow>(at, slot);
}

template <bool kLow>
void OrderWindow::Insert(int32_t slot) noexcept {
  int32_t& size = kLow ? low_size_ : high_size_;
  Place<kLow>(size, slot);
  SiftUp<kLow>(size++);
}

template <bool kLow>
int32_t OrderWindow::Remove(int32_t at) noexcept {
  int32_t& size = kLow ? low_size_ : high_size_;
  const int32_t slot = kLow ? low_[at] : high_[-at];
  const int32_t last = kLow ? low_[--size] : high_[-(--size)];
  if (last != slot) {
    Place<kLow>(at, last);
    SiftUp<kLow>(at);
    SiftDown<kLow>(std::abs(places_[last]) - 1);
  }
  places_[slot] = kNothing;
  return slot;
}

void OrderWindow::Drop(int32_t slot) noexcept {
  const int32_t place = places_[slot];
  if (place == kNothing) return;
  if (place == kNan) {
    --nan_count_;
    places_[slot] = kNothing;
  } else if (place > 0) {
    Remove<true>(place - 1);
  } else {
    Remove<false>(-place - 1);
  }
}

int64_t OrderWindow::LowTarget() const noexcept {
  const int64_t n = static_cast<int64_t>(low_size_) + high_size_;
  if (n == 0) return 0;
  return static_cast<int64_t>(static_cast<double>(n - 1) * quantile_) + 1;
}

void OrderWindow::Rebalance() noexcept {
  const int64_t target = LowTarget();
  while (low_size_ < target) Insert<true>(Remove<false>(0));
  while (low_size_ > target) Insert<false>(Remove<true>(0));
}

void OrderWindow::Push(double value, bool valid) noexcept {
  const auto slot = static_cast<int32_t>(next_);
  next_ = next_ + 1 == capacity_ ? 0 : next_ + 1;
  Drop(slot);
  if (valid && std::isnan(value)) {
    places_[slot] = kNan;
    ++nan_count_;
  } else if (valid) {
    values_[slot] = value;
    // The row that left may have emptied either heap: compare with whatever top is there.
    if (low_size_ > 0 ? value <= values_[low_[0]] : high_size_ == 0 || value < values_[high_[0]]) {
      Insert<true>(slot);
    } else {
      Insert<false>(slot);
    }
  }
  Rebalance();
}

double OrderWindow::Quantile() const noexcept {
  if (nan_count_ > 0) return std::numeric_limits<double>::quiet_NaN();
  const double below = values_[low_[0]];
  const double position = static_cast<double>(low_size_ + high_size_ - 1) * quantile_;
  const double part = position - std::floor(position);
  if (part == 0 || high_size_ == 0) return below;
  const double above = values_[high_[0]];
  return above == below ? below : below + (above - below) * part;
}

}  // namespace headrace::kernels::rolling
