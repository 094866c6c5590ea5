#pragma once

#include <cstddef>
#include <cstdint>

namespace headrace::kernels::rolling {

/// The order statistics of the last `capacity` rows of a column, in memory that the caller owns.
/// Two heaps of slots (slot = row modulo capacity): `low` has the values up to the asked quantile,
/// its largest on top, and `high` those above, its smallest on top. Every slot knows where it
/// stands in its heap, so that the row that leaves is found at once. Nulls and NaN are in no heap,
/// NaN is counted. Push costs O(log capacity).
class OrderWindow {
 public:
  /// Bytes of memory for a window of `capacity` rows, 8-byte aligned.
  static size_t Bytes(int64_t capacity) noexcept;

  OrderWindow(int64_t capacity, double quantile, std::byte* memory) noexcept;

  void Clear() noexcept;
  /// Takes the next row; the row `capacity` before it leaves.
  void Push(double value, bool valid) noexcept;
  /// Valid values in the window, NaN included.
  int64_t count() const noexcept { return low_size_ + high_size_ + nan_count_; }
  /// Requires: count() > 0.
  double Quantile() const noexcept;

 private:
  /// What a slot holds: its 1-based place in `low` (> 0) or `high` (< 0), or one of these.
  static constexpr int32_t kNothing = 0;
  static constexpr int32_t kNan = INT32_MIN;

  void Drop(int32_t slot) noexcept;
  void Rebalance() noexcept;
  int64_t LowTarget() const noexcept;

  template <bool kLow>
  bool Above(int32_t a, int32_t b) const noexcept;
  template <bool kLow>
  void Place(int32_t at, int32_t slot) noexcept;
  template <bool kLow>
  void SiftUp(int32_t at) noexcept;
  template <bool kLow>
  void SiftDown(int32_t at) noexcept;
  template <bool kLow>
  void Insert(int32_t slot) noexcept;
  template <bool kLow>
  int32_t Remove(int32_t at) noexcept;

  double* values_;
  int32_t* places_;
  int32_t* low_;
  int32_t* high_;
  double quantile_;
  int64_t capacity_;
  int64_t next_ = 0;
  int32_t low_size_ = 0;
  int32_t high_size_ = 0;
  int64_t nan_count_ = 0;
};

}  // namespace headrace::kernels::rolling
