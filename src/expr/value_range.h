#pragma once

#include <memory>

#include <arrow/compute/expression.h>

#include "expr/outcomes.h"

namespace headrace::expr {

/// What an expression's values can be, over a stretch of rows. Absent bounds are unknown.
struct ValueRange {
  bool can_be_null = true;
  bool can_be_nan = true;
  bool can_be_number = true;  ///< a value that is neither null nor NaN, of whatever type
  std::shared_ptr<arrow::Scalar> min;
  std::shared_ptr<arrow::Scalar> max;
  /// Of a column that is read as it is, but for its representation; else null.
  const ColumnFacts* facts = nullptr;
  std::shared_ptr<arrow::DataType> facts_type;  ///< that may_contain is asked in

  bool can_be_value() const { return can_be_nan || can_be_number; }
  /// Whether some value may be equal to this one, by the bounds and by what facts know.
  bool MayContain(const arrow::Scalar& value) const;
  /// Whether all values that are no NaN are this one.
  bool IsOnly(const arrow::Scalar& value) const;
};

/// Literals, columns, and casts of them that keep the order; all else is unknown.
ValueRange RangeOf(const arrow::compute::Expression& expression, const FactsOf& facts_of);

}  // namespace headrace::expr
