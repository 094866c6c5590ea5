#include "interruptible_reader.h"

#include <chrono>
#include <utility>

#include <nanobind/nanobind.h>
#include <unistd.h>

#include "headrace/error_code.h"

namespace headrace::python {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{20};

bool IsMainThread() noexcept { return gettid() == getpid(); }

int RaiseLater(void* exception) {
  auto* const raised = static_cast<PyObject*>(exception);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(raised)), raised);
  Py_DECREF(raised);
  return -1;
}

/// Whether a signal handler has raised. Its exception is put off to where the main thread runs
/// Python next: between here and there may be a library that takes our failures by status only.
bool Interrupted() {
  nanobind::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() == 0) return false;
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  if (Py_AddPendingCall(&RaiseLater, value) != 0) Py_XDECREF(value);
  return true;
}

Status Cancelled() { return MakeError(ErrorCode::kCancelled, "the scan was closed"); }

}  // namespace

InterruptibleReader::InterruptibleReader(std::shared_ptr<arrow::RecordBatchReader> reader,
                                         std::shared_ptr<const void> source)
    : source_(std::move(source)), reader_(std::move(reader)) {}

InterruptibleReader::~InterruptibleReader() { (void)Close(); }

Status InterruptibleReader::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  return reader_->Close();
}

void InterruptibleReader::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return asked_ || closed_; });
    if (closed_) return;
    asked_ = false;
    lock.unlock();
    std::shared_ptr<arrow::RecordBatch> batch;
    Status status = reader_->ReadNext(&batch);
    lock.lock();
    batch_ = std::move(batch);
    status_ = std::move(status);
    answered_ = true;
    changed_.notify_all();
  }
}

Status InterruptibleReader::ReadThere(std::shared_ptr<arrow::RecordBatch>* batch) {
  std::unique_lock lock(mutex_);
  if (closed_) return Cancelled();
  if (!thread_.joinable()) thread_ = std::jthread([this] { Work(); });
  answered_ = false;
  asked_ = true;
  changed_.notify_all();
  while (!changed_.wait_for(lock, kBetweenLooks, [&] { return answered_ || closed_; })) {
    lock.unlock();
    const bool interrupted = Interrupted();
    if (interrupted) (void)Close();
    lock.lock();
    if (interrupted) return Cancelled();
  }
  if (!answered_) return Cancelled();
  *batch = std::move(batch_);
  return std::move(status_);
}

Status InterruptibleReader::ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) {
  *batch = nullptr;
  const std::unique_lock reading(reading_, std::try_to_lock);
  if (!reading.owns_lock()) {
    return MakeError(ErrorCode::kInvalidArgument, "another thread reads these batches already");
  }
  if (IsMainThread()) return ReadThere(batch);
  {
    std::lock_guard lock(mutex_);
    if (closed_) return Cancelled();
  }
  return reader_->ReadNext(batch);
}

}  // namespace headrace::python
