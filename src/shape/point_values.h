#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "kernels/downsample/arg_extremes.h"

namespace headrace::shape {

/// The values of a column that a chart draws, of one batch. A row that is null or NaN has none: it
/// is a gap. Values are compared by keys, integers that are ordered as they are: of whole numbers
/// themselves, of reals, uint64 and decimals the OrderKeyOf() of the nearest double.
class PointValues {
 public:
  /// kTypeMismatch, naming `name`, for a type that is no number.
  static Status CheckType(const arrow::DataType& type, const std::string& name);
  /// Whether keys are those of doubles.
  static bool HasRealKeys(const arrow::DataType& type);

  static Result<PointValues> Make(const std::shared_ptr<arrow::Array>& column,
                                  arrow::MemoryPool* pool);

  bool IsValid(int64_t row) const;
  bool IsGap(int64_t row) const;
  /// Requires: no gap.
  int64_t KeyAt(int64_t row) const;

  /// Of the rows [begin, end): -1 where there is none.
  struct Found {
    int64_t least = -1;  ///< the first of equal ones
    int64_t greatest = -1;
    int64_t gap = -1;  ///< the first one
  };
  Found Find(int64_t begin, int64_t end) const;
  int64_t FirstValue(int64_t begin, int64_t end) const;
  int64_t LastValue(int64_t begin, int64_t end) const;

 private:
  enum class Kind : uint8_t { kDouble, kFloat, kInt64, kInt32 };

  kernels::ArgExtremes Extremes(int64_t begin, int64_t end) const;
  bool IsNan(int64_t row) const;
  Found FindBetweenNulls(int64_t begin, int64_t end) const;

  std::shared_ptr<arrow::Array> numbers_;
  Kind kind_ = Kind::kDouble;
  const void* values_ = nullptr;
  const uint8_t* validity_ = nullptr;  // null: all valid
};

}  // namespace headrace::shape
