#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::codec {

/// Tasks that run side by side on Arrow's threads, and whose outputs are taken in the order in
/// which they were added.
///
///   taken | running  done  running  queued | added          Take() waits for the first only
///
/// Whoever takes runs the first task itself if no thread has begun it, so that it never waits for a
/// thread to be free, and a task that stands alone costs no hand-over.
/// Thread rule: all methods from one thread at a time. Tasks may not wait for each other.
class OrderedTasks {
 public:
  using Output = Result<std::shared_ptr<arrow::Buffer>>;

  explicit OrderedTasks(bool use_threads);
  /// Tasks that nobody has begun never run; waits for those that have been.
  ~OrderedTasks();

  void Add(std::function<Output()> task);
  size_t size() const noexcept { return tasks_.size(); }
  /// Requires: not empty.
  Output Take();

  /// How many may run at a time, this thread apart.
  static int Threads();

 private:
  struct Task;
  struct Shared;
  static void Run(Shared& shared, Task& task);

  const bool use_threads_;
  const std::shared_ptr<Shared> shared_;
  std::deque<std::shared_ptr<Task>> tasks_;
};

}  // namespace headrace::codec
