#include "shape/computed_reader.h"

#include <fmt/format.h>

namespace headrace::shape {

Status ComputedReader::ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) {
  *batch = nullptr;
  std::lock_guard lock(mutex_);
  if (!std::exchange(computed_, true)) status_ = Run();
  ARROW_RETURN_NOT_OK(status_);
  return NextBatch(batch);
}

Status ComputedReader::Close() {
  stop_ = true;
  const Status closed = CloseInputs();  // so that none of them is waited for
  std::lock_guard lock(mutex_);
  computed_ = true;
  Release();
  return closed;
}

Status ComputedReader::Run() {
  const Status status = Compute();
  const Status closed = CloseInputs();
  if (status.ok()) return closed;
  Release();
  return status;
}

Status ComputedReader::CloseInputs() const {
  Status status;
  for (const auto& input : inputs_) {
    const Status closed = input->Close();
    if (status.ok()) status = closed;
  }
  return status;
}

Status ComputedReader::Stopped() const {
  return MakeError(ErrorCode::kCancelled, fmt::format("{} was stopped", what_));
}

}  // namespace headrace::shape
