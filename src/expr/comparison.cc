#include "expr/comparison.h"

#include <cmath>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/checked_cast.h>
#include <fmt/format.h>

#include "expr/exact.h"
#include "expr/literal.h"
#include "expr/shared_type.h"

namespace headrace::expr {
namespace {

using arrow::Scalar;
using arrow::Type;
using arrow::internal::checked_cast;
using ScalarPtr = std::shared_ptr<Scalar>;
using TypePtr = std::shared_ptr<arrow::DataType>;

bool IsInstant(Family family) { return family == Family::kTimestamp || family == Family::kDate; }
bool IsString(Family family) { return family == Family::kText || family == Family::kBytes; }
bool IsEquality(const std::string& function) {
  return function == "equal" || function == "not_equal";
}

std::string Mirrored(const std::string& function) {
  if (function == "less") return "greater";
  if (function == "less_equal") return "greater_equal";
  if (function == "greater") return "less";
  if (function == "greater_equal") return "less_equal";
  return function;
}

Status Mismatch(const InputText& input, size_t offset, const arrow::DataType& left,
                const arrow::DataType& right) {
  return ErrorAt(input, ErrorCode::kTypeMismatch, offset,
                 fmt::format("{} cannot be compared with {}", left.ToString(), right.ToString()));
}

/// A string beside a date, time or timestamp is one.
Result<ScalarPtr> TemporalOf(const InputText& input, const ScalarPtr& literal, Family family,
                             size_t offset) {
  if (FamilyOf(*literal->type) != Family::kText) return literal;
  const std::string_view text = checked_cast<const arrow::StringScalar&>(*literal).view();
  ScalarPtr scalar = family == Family::kTime ? ParseTime(text) : ParseDate(text);
  if (scalar == nullptr && family != Family::kTime) scalar = ParseTimestamp(text);
  if (scalar != nullptr) return scalar;
  return ErrorAt(input, ErrorCode::kInvalidArgument, offset,
                 family == Family::kTime
                     ? "this does not read as a time: write it like '10:00:00.5'"
                     : "this does not read as a date or a timestamp: write it like '2024-01-31' "
                       "or '2024-01-31 10:00:00.5+02:00'");
}

/// Whether a literal of one family can stand beside a value of the other.
bool Comparable(Family value, Family literal) {
  if (IsNumber(value)) return IsNumber(literal);
  if (IsInstant(value)) return IsInstant(literal) || literal == Family::kText;
  if (value == Family::kTime) return literal == Family::kTime || literal == Family::kText;
  if (value == Family::kBytes) return IsString(literal);
  return value == literal && value != Family::kOther;
}

bool IsInfinite(const Scalar& scalar) {
  if (scalar.type->id() == Type::FLOAT) {
    return std::isinf(checked_cast<const arrow::FloatScalar&>(scalar).value);
  }
  return scalar.type->id() == Type::DOUBLE &&
         std::isinf(checked_cast<const arrow::DoubleScalar&>(scalar).value);
}

/// What the grid holds is compared in it; NaN, which no grid has, is unequal to all of it.
GridComparison OnGrid(const Grid& grid, const std::string& function, const Scalar& literal) {
  if (const auto exact = ExactOf(literal)) return CompareOnGrid(grid, function, *exact);
  return {function == "not_equal" ? "equal" : "not_equal", nullptr};
}

Result<Typed> Finish(const InputText& input, const std::string& function, Typed value,
                     ScalarPtr literal, size_t offset) {
  Typed right = literal == nullptr ? value : LiteralOf(std::move(literal), offset);
  return Call(input, function, {std::move(value), std::move(right)}, arrow::boolean(), offset);
}

Result<Typed> CompareWithLiteral(const InputText& input, const std::string& function, Typed value,
                                 const Typed& right, size_t offset) {
  const Family family = value.family();
  if (!Comparable(family, right.family())) {
    return Mismatch(input, offset, *value.type, *right.type);
  }
  if (family == Family::kBool && !IsEquality(function)) {
    return ErrorAt(input, ErrorCode::kTypeMismatch, offset, "booleans have no order");
  }
  ScalarPtr literal = right.literal();
  if (IsInstant(family) || family == Family::kTime) {
    ARROW_ASSIGN_OR_RAISE(literal, TemporalOf(input, literal, family, right.offset));
  }
  if (const auto grid = Grid::Of(value.type)) {
    const GridComparison said = OnGrid(*grid, function, *literal);
    return Finish(input, said.function, std::move(value), said.value, offset);
  }
  // Decimals of negative scale, floats beside what is beyond their range, bytes of another width:
  // the value moves to a type that has room.
  if (family == Family::kDecimal) value = CastTo(std::move(value), arrow::float64());
  ARROW_ASSIGN_OR_RAISE(auto fitted, LiteralAs(input, literal, value.type, right.offset));
  if (fitted == nullptr) {
    const auto wider = SharedType(value.type, literal->type);
    value = CastTo(std::move(value), wider);
    ARROW_ASSIGN_OR_RAISE(fitted, LiteralAs(input, literal, wider, right.offset));
  }
  return Finish(input, function, std::move(value), std::move(fitted), offset);
}

}  // namespace

Result<ScalarPtr> LiteralAs(const InputText& input, const ScalarPtr& literal, const TypePtr& type,
                            size_t offset) {
  const Family family = FamilyOf(*type);
  if (!Comparable(family, FamilyOf(*literal->type))) {
    return Mismatch(input, offset, *type, *literal->type);
  }
  if (IsString(family)) {
    return BytesScalar(checked_cast<const arrow::BaseBinaryScalar&>(*literal).value, type);
  }
  if (family == Family::kFloat) {
    ScalarPtr nearest = NearestFloat(*literal, type);
    return IsInfinite(*nearest) && !IsInfinite(*literal) ? nullptr : nearest;
  }
  if (const auto grid = Grid::Of(type)) {
    ARROW_ASSIGN_OR_RAISE(
        const ScalarPtr temporal,
        IsNumber(family) ? Result<ScalarPtr>(literal) : TemporalOf(input, literal, family, offset));
    const auto exact = ExactOf(*temporal);
    return exact ? ScalarOnGrid(*grid, *exact) : nullptr;
  }
  if (literal->type->Equals(*type)) return literal;
  auto cast = literal->CastTo(type);
  return cast.ok() ? *cast : nullptr;
}

Result<Typed> Compare(const InputText& input, const std::string& function, Typed left, Typed right,
                      size_t offset) {
  ARROW_ASSIGN_OR_RAISE(left, Decode(input, std::move(left)));
  ARROW_ASSIGN_OR_RAISE(right, Decode(input, std::move(right)));
  const Family a = left.family();
  const Family b = right.family();
  if (a == Family::kNull || b == Family::kNull) return NullBoolean(offset);
  // A literal goes to the right; of two, the string, which may turn out to be a date.
  const bool left_literal = left.literal() != nullptr;
  const bool right_literal = right.literal() != nullptr;
  if (left_literal && (!right_literal || (a == Family::kText && b != Family::kText))) {
    return CompareWithLiteral(input, Mirrored(function), std::move(right), left, offset);
  }
  if (right_literal) return CompareWithLiteral(input, function, std::move(left), right, offset);

  const TypePtr common = SharedType(left.type, right.type);
  if (common == nullptr || a == Family::kOther) {
    return Mismatch(input, offset, *left.type, *right.type);
  }
  if (a == Family::kBool && !IsEquality(function)) {
    return ErrorAt(input, ErrorCode::kTypeMismatch, offset, "booleans have no order");
  }
  return Call(input, function, {CastTo(std::move(left), common), CastTo(std::move(right), common)},
              arrow::boolean(), offset);
}

}  // namespace headrace::expr
