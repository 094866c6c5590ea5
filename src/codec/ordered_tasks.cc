#include "codec/ordered_tasks.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/util/thread_pool.h>

#include "headrace/error_code.h"

namespace headrace::codec {

struct OrderedTasks::Shared {
  std::mutex mutex;
  std::condition_variable done;
};

/// Guarded by the mutex, but for `work` and `output` while it runs.
struct OrderedTasks::Task {
  enum class State { kQueued, kRunning, kDone };
  State state = State::kQueued;
  std::function<Output()> work;
  Output output = std::shared_ptr<arrow::Buffer>();
};

OrderedTasks::OrderedTasks(bool use_threads)
    : use_threads_(use_threads), shared_(std::make_shared<Shared>()) {}

OrderedTasks::~OrderedTasks() {
  std::unique_lock lock(shared_->mutex);
  for (const auto& task : tasks_) {
    if (task->state == Task::State::kQueued) task->state = Task::State::kDone;
  }
  shared_->done.wait(lock, [this] {
    for (const auto& task : tasks_) {
      if (task->state != Task::State::kDone) return false;
    }
    return true;
  });
  // A thread may let go of a task later than this, and the pool may be gone by then.
  for (const auto& task : tasks_) {
    task->work = nullptr;
    task->output = std::shared_ptr<arrow::Buffer>();
  }
}

int OrderedTasks::Threads() { return arrow::internal::GetCpuThreadPool()->GetCapacity(); }

void OrderedTasks::Add(std::function<Output()> work) {
  auto task = std::make_shared<Task>();
  task->work = std::move(work);
  const bool stands_alone = tasks_.empty();
  tasks_.push_back(task);
  if (!use_threads_ || stands_alone) return;
  // If there is no thread for it, it is run by whoever takes it.
  (void)arrow::internal::GetCpuThreadPool()->Spawn(
      [shared = shared_, task = std::move(task)] { Run(*shared, *task); });
}

OrderedTasks::Output OrderedTasks::Take() {
  const std::shared_ptr<Task> task = std::move(tasks_.front());
  tasks_.pop_front();
  Run(*shared_, *task);
  std::unique_lock lock(shared_->mutex);
  shared_->done.wait(lock, [&] { return task->state == Task::State::kDone; });
  return std::move(task->output);
}

void OrderedTasks::Run(Shared& shared, Task& task) {
  {
    std::lock_guard lock(shared.mutex);
    if (task.state != Task::State::kQueued) return;
    task.state = Task::State::kRunning;
  }
  try {
    task.output = task.work();
  } catch (const std::exception& error) {
    task.output = MakeError(ErrorCode::kInternal, std::string("encoding failed: ") + error.what());
  }
  task.work = nullptr;
  std::lock_guard lock(shared.mutex);
  task.state = Task::State::kDone;
  shared.done.notify_all();
}

}  // namespace headrace::codec
