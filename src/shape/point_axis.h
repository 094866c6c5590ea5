#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::shape {

/// The x axis of a chart. Its values are integers that are ordered as the column's values: of whole
/// numbers, dates, times and timestamps themselves (uint64 less 2^63), of reals their OrderKeyOf().
///
/// The axis is cut into cells of 2^exponent (units of the column, or 1.0), the first of which
/// begins at 0: so cells of a width are the same whatever the range, and two neighbours make one of
/// the next width.
class PointAxis {
 public:
  /// kTypeMismatch, naming `name`, for a type that has no place on an axis.
  static Result<PointAxis> Make(const arrow::DataType& type, const std::string& name);

  /// The keys of a column: an int64 array with nulls where there is no place on the axis (null,
  /// NaN, infinity).
  Result<std::shared_ptr<arrow::Array>> KeysOf(const std::shared_ptr<arrow::Array>& column,
                                               arrow::MemoryPool* pool) const;

  /// The least exponent, not below `exponent`, with which [least, greatest] takes at most `cells`
  /// cells. Does not depend on `exponent` if that was found so for a part of the range.
  int ExponentFor(int64_t least, int64_t greatest, int64_t cells, int exponent) const;
  int64_t CellOf(int64_t key, int exponent) const;
  /// How far `key` lies beyond `origin`, of the way to `end`: 0 to 1.
  double Place(int64_t key, int64_t origin, int64_t end) const;

  static constexpr int kLeastExponent = -1000;

 private:
  PointAxis(bool real, bool unsigned64) : real_(real), unsigned64_(unsigned64) {}

  bool real_;
  bool unsigned64_;
};

}  // namespace headrace::shape
