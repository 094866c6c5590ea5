#pragma once

#include <cstddef>
#include <cstdint>

#include "headrace/status.h"

namespace headrace::window {

/// A long stretch of address space that is written from front to back and given back from its old
/// end:
///
///      released        live rows           never touched
///   |..............|################|....................|
///   0            released()       written up to       capacity()
///
/// Only what lies between uses memory, so that a window can move on for many times its own length
/// without a copy, and its rows always lie side by side. Fresh bytes are zero.
/// Thread rule: written by one thread at a time; bytes that were published to other threads may be
/// read by them until Release() passes them.
class SlidingRegion {
 public:
  SlidingRegion() = default;
  SlidingRegion(SlidingRegion&& other) noexcept;
  SlidingRegion& operator=(SlidingRegion&& other) noexcept;
  ~SlidingRegion();

  /// `capacity_bytes` of address space, rounded up to pages.
  static Result<SlidingRegion> Make(int64_t capacity_bytes);

  uint8_t* data() const noexcept { return data_; }
  int64_t capacity() const noexcept { return capacity_; }
  int64_t released() const noexcept { return released_; }

  /// Gives back whole pages below `bytes`, if they are at least `granule` many bytes. Returns
  /// whether it did. One system call at most.
  bool Release(int64_t bytes, int64_t granule) noexcept;

  static int64_t PageBytes() noexcept;

 private:
  uint8_t* data_ = nullptr;
  int64_t capacity_ = 0;
  int64_t released_ = 0;
};

}  // namespace headrace::window
