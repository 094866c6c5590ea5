#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/bar_store.h"
#include "headrace/status.h"
#include "kernels/ohlcv/fold_ticks.h"

namespace headrace::bars {

/// Columns of a batch as the kernels take them: times as UTC nanoseconds, numbers as doubles, a
/// null time INT64_MIN, a null number NaN. Not copied where they are so already.
class IntakeColumns {
 public:
  /// Which columns of `schema` are wanted; those in `optional` may be missing. kUnknownName with
  /// the nearest name, kTypeMismatch.
  static Result<IntakeColumns> Make(const arrow::Schema& schema, const std::string& time,
                                    const std::vector<std::string>& numbers,
                                    const std::vector<std::string>& optional,
                                    arrow::MemoryPool* pool);

  static Result<IntakeColumns> OfTicks(const arrow::Schema& schema, const TickColumnNames& names,
                                       arrow::MemoryPool* pool) {
    return Make(schema, names.time, {names.price, names.volume}, {}, pool);
  }
  /// open, high, low, close, volume; vwap and count if they are there.
  static Result<IntakeColumns> OfBars(const arrow::Schema& schema, const std::string& time,
                                      arrow::MemoryPool* pool) {
    return Make(schema, time, {"open", "high", "low", "close", "volume"}, {"vwap", "count"}, pool);
  }

  /// What the accessors show from now on. kTypeMismatch for a time that nanoseconds do not hold.
  Status Load(const arrow::RecordBatch& batch);

  int64_t size() const noexcept { return size_; }
  const int64_t* time() const noexcept { return time_; }
  /// Null for an optional one that is missing. In the order of `numbers`, then `optional`.
  const double* number(size_t i) const noexcept { return numbers_[i]; }

 private:
  std::vector<int> indices_;  // -1: missing
  arrow::MemoryPool* pool_ = nullptr;
  std::vector<std::shared_ptr<arrow::Array>> kept_;
  int64_t size_ = 0;
  const int64_t* time_ = nullptr;
  std::vector<const double*> numbers_;
};

}  // namespace headrace::bars
