#include "expr/arithmetic.h"

#include <algorithm>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/checked_cast.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include "expr/literal.h"
#include "expr/shared_type.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;
using arrow::Type;
using arrow::internal::checked_cast;
using TypePtr = std::shared_ptr<arrow::DataType>;

constexpr int32_t kMaxDigits128 = arrow::Decimal128Type::kMaxPrecision;
constexpr int32_t kMaxDigits256 = arrow::Decimal256Type::kMaxPrecision;

struct Digits {
  int32_t precision;
  int32_t scale;
};
Digits DigitsOf(const arrow::DataType& type) {
  const auto decimal = DecimalHolding(type);
  const auto& digits = checked_cast<const arrow::DecimalType&>(*decimal);
  return {digits.precision(), digits.scale()};
}

/// Digits of an exact result, by Arrow's rules.
Digits ResultDigits(const std::string& op, Digits a, Digits b) {
  if (op == "*") return {a.precision + b.precision + 1, a.scale + b.scale};
  const int32_t scale = std::max(a.scale, b.scale);
  return {std::max(a.precision - a.scale, b.precision - b.scale) + scale + 1, scale};
}

/// A number in the type that it is computed in. Literals are converted here and now.
Typed As(Typed value, const TypePtr& type) {
  const auto literal = value.literal();
  if (literal == nullptr) return CastTo(std::move(value), type);
  if (type->id() == Type::DOUBLE) return LiteralOf(NearestFloat(*literal, type), value.offset);
  if (!arrow::is_decimal(type->id()) || literal->type->id() == Type::DECIMAL256) return value;
  const arrow::Decimal256 integer(checked_cast<const arrow::Int64Scalar&>(*literal).value);
  const auto precision = static_cast<int32_t>(
      arrow::Decimal256(arrow::Decimal256::Abs(integer)).ToIntegerString().size());
  return LiteralOf(
      std::make_shared<arrow::Decimal256Scalar>(integer, arrow::decimal256(precision, 0)),
      value.offset);
}

TypePtr DecimalFor(const Typed& value, bool wide) {
  const Digits digits = DigitsOf(*value.type);
  return wide ? arrow::decimal256(digits.precision, digits.scale)
              : arrow::decimal128(digits.precision, digits.scale);
}

/// decimal256 literals become decimal128 where the calculation is done in those.
Typed AsDecimal(Typed value, bool wide) {
  if (value.literal() == nullptr) {
    const TypePtr type = DecimalFor(value, wide);
    return CastTo(std::move(value), type);
  }
  value = As(std::move(value), arrow::decimal256(1, 0));
  if (wide) return value;
  const auto literal = value.literal();
  const auto words =
      checked_cast<const arrow::Decimal256Scalar&>(*literal).value.little_endian_array();
  return LiteralOf(
      std::make_shared<arrow::Decimal128Scalar>(
          arrow::Decimal128(static_cast<int64_t>(words[1]), words[0]), DecimalFor(value, false)),
      value.offset);
}

bool IsZero(const arrow::Scalar& number) {
  if (number.type->id() == Type::INT64) {
    return checked_cast<const arrow::Int64Scalar&>(number).value == 0;
  }
  return number.type->id() == Type::DECIMAL256 &&
         checked_cast<const arrow::Decimal256Scalar&>(number).value == arrow::Decimal256(0);
}

/// The divisor with null in place of zero.
Result<Typed> ZeroAsNull(Typed divisor) {
  if (const auto literal = divisor.literal()) {
    if (!IsZero(*literal)) return divisor;
    return LiteralOf(arrow::MakeNullScalar(divisor.type), divisor.offset);
  }
  ARROW_ASSIGN_OR_RAISE(auto zero, arrow::MakeScalar(divisor.type, 0));
  auto is_zero = cp::call("equal", {divisor.expr, cp::literal(std::move(zero))});
  auto null = cp::literal(arrow::MakeNullScalar(divisor.type));
  return Typed{cp::call("if_else", {std::move(is_zero), std::move(null), divisor.expr}),
               divisor.type, divisor.offset};
}

/// Whether a remainder is taken in the expression: its divisor appears twice, which a nest of them
/// would double again and again.
bool HasRemainder(const cp::Expression& expression) {
  const auto* call = expression.call();
  if (call == nullptr) return false;
  return call->function_name == "remainder" ||
         std::any_of(call->arguments.begin(), call->arguments.end(), HasRemainder);
}

std::string FunctionOf(const std::string& op, bool checked) {
  if (op == "%") return "remainder";
  const std::string name = op == "+" ? "add" : op == "-" ? "subtract" : "multiply";
  return checked ? name + "_checked" : name;
}

Result<Typed> InDoubles(const InputText& input, const std::string& op, Typed left, Typed right,
                        size_t offset) {
  const std::string function = op == "/" ? "divide" : FunctionOf(op, false);
  return Call(input, function,
              {As(std::move(left), arrow::float64()), As(std::move(right), arrow::float64())},
              arrow::float64(), offset);
}

Result<Typed> InDecimals(const InputText& input, const std::string& op, Typed left, Typed right,
                         size_t offset) {
  const Digits a = DigitsOf(*left.type);
  const Digits b = DigitsOf(*right.type);
  const Digits result = ResultDigits(op, a, b);
  if (result.precision > kMaxDigits256 || std::min(a.scale, b.scale) < 0) {
    return InDoubles(input, op, std::move(left), std::move(right), offset);
  }
  // A literal alone makes nothing wide: it is held as decimal256, whatever its size.
  const auto is_wide_column = [](const Typed& side) {
    return side.literal() == nullptr && side.type->id() == Type::DECIMAL256;
  };
  const bool in_256 =
      result.precision > kMaxDigits128 || is_wide_column(left) || is_wide_column(right);
  left = AsDecimal(std::move(left), in_256);
  right = AsDecimal(std::move(right), in_256);
  if (op == "%") {
    ARROW_ASSIGN_OR_RAISE(right, ZeroAsNull(std::move(right)));
  }
  const std::string function = FunctionOf(op, true);
  // Arrow knows the type of the result best.
  ARROW_ASSIGN_OR_RAISE(const auto probe,
                        cp::call(function, {cp::literal(arrow::MakeNullScalar(left.type)),
                                            cp::literal(arrow::MakeNullScalar(right.type))})
                            .Bind(arrow::Schema({})));
  return Call(input, function, {std::move(left), std::move(right)}, probe.type()->GetSharedPtr(),
              offset);
}

Status NotNumbers(const InputText& input, size_t offset, const arrow::DataType& type) {
  return ErrorAt(input, ErrorCode::kTypeMismatch, offset,
                 fmt::format("{} is no number to calculate with", type.ToString()));
}

}  // namespace

Result<Typed> Arithmetic(const InputText& input, const std::string& op, Typed left, Typed right,
                         size_t offset) {
  ARROW_ASSIGN_OR_RAISE(left, Decode(input, std::move(left)));
  ARROW_ASSIGN_OR_RAISE(right, Decode(input, std::move(right)));
  const Family a = left.family();
  const Family b = right.family();
  for (const Typed* side : {&left, &right}) {
    if (!IsNumber(side->family()) && side->family() != Family::kNull) {
      return NotNumbers(input, offset, *side->type);
    }
  }
  const auto is_null = [](const Typed& side) {
    return side.literal() != nullptr && !side.literal()->is_valid;
  };
  if (a == Family::kNull || b == Family::kNull || is_null(left) || is_null(right)) {
    return LiteralOf(arrow::MakeNullScalar(arrow::null()), offset);
  }
  if (op == "%" && HasRemainder(right.expr)) {
    return ErrorAt(input, ErrorCode::kNotImplemented, offset,
                   "the right side of % cannot take a remainder itself");
  }
  // 0.5 beside a column of integers is a float; beside a decimal it is a decimal.
  const auto fraction_beside_integer = [](const Typed& x, const Typed& y) {
    return x.family() == Family::kDecimal && x.literal() != nullptr &&
           y.family() == Family::kInteger && y.literal() == nullptr;
  };
  const bool floats = a == Family::kFloat || b == Family::kFloat ||
                      fraction_beside_integer(left, right) || fraction_beside_integer(right, left);
  if (op == "/") {
    if (b != Family::kFloat) {
      ARROW_ASSIGN_OR_RAISE(right, ZeroAsNull(std::move(right)));
      if (is_null(right)) return LiteralOf(arrow::MakeNullScalar(arrow::null()), offset);
    }
    return InDoubles(input, op, std::move(left), std::move(right), offset);
  }
  if (op == "%" && b != Family::kFloat && right.literal() != nullptr && IsZero(*right.literal())) {
    return LiteralOf(arrow::MakeNullScalar(arrow::null()), offset);
  }
  if (floats) {
    if (op == "%" && b != Family::kFloat) {
      ARROW_ASSIGN_OR_RAISE(right, ZeroAsNull(std::move(right)));
    }
    return InDoubles(input, op, std::move(left), std::move(right), offset);
  }
  if (a == Family::kDecimal || b == Family::kDecimal) {
    return InDecimals(input, op, std::move(left), std::move(right), offset);
  }
  left = CastTo(std::move(left), arrow::int64());
  right = CastTo(std::move(right), arrow::int64());
  if (op == "%") {
    ARROW_ASSIGN_OR_RAISE(right, ZeroAsNull(std::move(right)));
  }
  return Call(input, FunctionOf(op, true), {std::move(left), std::move(right)}, arrow::int64(),
              offset);
}

Result<Typed> Negate(const InputText& input, Typed value, size_t offset) {
  ARROW_ASSIGN_OR_RAISE(value, Decode(input, std::move(value)));
  switch (value.family()) {
    case Family::kNull: return value;
    case Family::kFloat: {
      auto type = value.type;
      return Call(input, "negate", {std::move(value)}, type, offset);
    }
    case Family::kInteger:
      return Call(input, "negate_checked", {CastTo(std::move(value), arrow::int64())},
                  arrow::int64(), offset);
    case Family::kDecimal: {
      const auto type = DecimalHolding(*value.type);
      return Call(input, "negate_checked", {CastTo(std::move(value), type)}, type, offset);
    }
    default: return NotNumbers(input, offset, *value.type);
  }
}

}  // namespace headrace::expr
