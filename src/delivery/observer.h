#pragma once

#include <chrono>
#include <cstdint>

#include "headrace/status.h"

namespace headrace::delivery {

enum class Operation { kCreate, kDrop, kClear, kAppend, kRead };

/// What was done, told once it is done. Called on the thread that did it, so it must be quick.
/// Thread rule: may be called from any thread, at the same time.
class Observer {
 public:
  virtual ~Observer() = default;
  /// `rows` appended or read; 0 for the others and for failures.
  virtual void OnDone(Operation operation, const Status& status, int64_t rows,
                      std::chrono::nanoseconds duration) noexcept = 0;
};

}  // namespace headrace::delivery
