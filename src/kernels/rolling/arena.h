#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace headrace::kernels::rolling {

/// Deals out memory that the caller owns, front to back, each piece at a cache line. Without memory
/// it only counts, so that one function both measures and lays out a structure. Only types without
/// destructors.
class Arena {
 public:
  explicit Arena(std::byte* memory) : memory_(memory) {}

  /// `count` values, default made; null while counting.
  template <class T>
  T* Take(int64_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* items = TakeRoom<T>(count);
    if (items != nullptr) std::uninitialized_value_construct_n(items, count);
    return items;
  }

  /// Room for `count` values, not made; null while counting.
  template <class T>
  T* TakeRoom(int64_t count = 1) {
    const size_t at = used_;
    used_ += (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + at);
  }

  bool counting() const { return memory_ == nullptr; }
  size_t used() const { return used_; }

 private:
  std::byte* memory_;
  size_t used_ = 0;
};

}  // namespace headrace::kernels::rolling
