#include "collect.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::python {
namespace {

/// Bytes of batches that may share buffers: batches are cut from larger ones.
class HeldBytes {
 public:
  void Add(const arrow::RecordBatch& batch) {
    for (const auto& column : batch.column_data()) Add(*column);
  }
  int64_t bytes() const noexcept { return bytes_; }

 private:
  void Add(const arrow::ArrayData& data) {
    for (const auto& buffer : data.buffers) {
      if (buffer != nullptr && seen_.insert(buffer->data()).second) bytes_ += buffer->size();
    }
    for (const auto& child : data.child_data) Add(*child);
    if (data.dictionary != nullptr) Add(*data.dictionary);
  }

  std::unordered_set<const uint8_t*> seen_;
  int64_t bytes_ = 0;
};

/// What all rows need, by those that were read.
int64_t NeededBytes(const CollectBounds& bounds, int64_t rows, int64_t bytes) {
  const double of_all = static_cast<double>(std::max(bounds.most_rows, rows)) /
                        static_cast<double>(std::max<int64_t>(rows, 1));
  return bounds.working_bytes + static_cast<int64_t>(of_all * static_cast<double>(bytes));
}

Status Refuse(const CollectBounds& bounds, int64_t rows, int64_t bytes) {
  const int64_t most = NeededBytes(bounds, rows, bytes);
  std::string needs = "about " + FormatByteSize(most);
  if (!bounds.exact) {
    needs = fmt::format("more than {} and at most about {}",
                        FormatByteSize(std::min(bounds.working_bytes + bytes, most)),
                        FormatByteSize(most));
  }
  return MakeError(ErrorCode::kMemoryLimit,
                   fmt::format("holding all rows at once takes {}, and the scan may hold {}: take "
                               "them batch by batch, select fewer columns or rows, or raise "
                               "memory_limit",
                               needs, FormatByteSize(bounds.limit_bytes)),
                   {"memory_limit"});
}

}  // namespace

Result<arrow::RecordBatchVector> Collect(arrow::RecordBatchReader& reader,
                                         const CollectBounds& bounds) {
  arrow::RecordBatchVector batches;
  HeldBytes held;
  int64_t rows = 0;
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    const Status status = reader.ReadNext(&batch);
    if (!status.ok()) {
      if (CodeOf(status) == ErrorCode::kMemoryLimit && rows > 0) {
        return Refuse(bounds, rows, held.bytes());
      }
      return status;
    }
    if (batch == nullptr) return batches;
    rows += batch->num_rows();
    held.Add(*batch);
    batches.push_back(std::move(batch));
    // Early only where there is no doubt: the first rows may be longer than the others.
    const bool hopeless =
        bounds.exact && NeededBytes(bounds, rows, held.bytes()) / 2 > bounds.limit_bytes;
    if (hopeless || held.bytes() > bounds.limit_bytes) return Refuse(bounds, rows, held.bytes());
  }
}

}  // namespace headrace::python
