#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/compute/expression.h>

#include "expr/input_text.h"
#include "headrace/status.h"

namespace headrace::expr {

/// What kind of value a type holds; comparisons and arithmetic are decided by it.
enum class Family : uint8_t {
  kNull,
  kBool,
  kInteger,
  kFloat,
  kDecimal,
  kText,
  kBytes,
  kTimestamp,
  kDate,
  kTime,
  kDuration,
  kOther,  ///< nested types and the rest: only `is null` takes them
};
Family FamilyOf(const arrow::DataType& type);
inline bool IsNumber(Family family) {
  return family == Family::kInteger || family == Family::kFloat || family == Family::kDecimal;
}

/// An expression that is being built, with its type. Literals are as NormalizeLiteral() makes them.
struct Typed {
  arrow::compute::Expression expr;
  std::shared_ptr<arrow::DataType> type;
  size_t offset = kNoOffset;

  /// Null if it is no literal.
  std::shared_ptr<arrow::Scalar> literal() const;
  Family family() const { return FamilyOf(*type); }
};

Typed LiteralOf(std::shared_ptr<arrow::Scalar> scalar, size_t offset);
Typed NullBoolean(size_t offset);

/// A cast that the language implies. Numbers may be rounded to floats; nothing else may change.
/// Requires: not a literal, or of the type already.
Typed CastTo(Typed value, const std::shared_ptr<arrow::DataType>& type);

/// Dictionaries and extensions as the values in them, halves as floats. kNotImplemented where Arrow
/// has no cast for it.
Result<Typed> Decode(const InputText& input, Typed value);

/// The value of an expression without columns.
Result<std::shared_ptr<arrow::Scalar>> Compute(const arrow::compute::Expression& constant);

/// The call; computed at once if all arguments are literals. kInvalidArgument if that fails.
Result<Typed> Call(const InputText& input, std::string function, std::vector<Typed> arguments,
                   std::shared_ptr<arrow::DataType> type, size_t offset);

}  // namespace headrace::expr
