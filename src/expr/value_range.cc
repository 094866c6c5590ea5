#include "expr/value_range.h"

#include <cmath>
#include <limits>
#include <utility>

#include <arrow/compute/cast.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/checked_cast.h>

#include "expr/column_ref.h"
#include "expr/exact.h"
#include "expr/literal.h"
#include "expr/scalar_order.h"
#include "expr/typed.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;
using arrow::DataType;
using arrow::Scalar;
using arrow::Type;
using arrow::internal::checked_cast;
using ScalarPtr = std::shared_ptr<Scalar>;

bool IsNan(const Scalar& scalar) {
  switch (scalar.type->id()) {
    case Type::FLOAT: return std::isnan(checked_cast<const arrow::FloatScalar&>(scalar).value);
    case Type::DOUBLE: return std::isnan(checked_cast<const arrow::DoubleScalar&>(scalar).value);
    case Type::HALF_FLOAT: {
      const auto bits = checked_cast<const arrow::HalfFloatScalar&>(scalar).value;
      return arrow::util::Float16::FromBits(bits).is_nan();
    }
    default: return false;
  }
}

bool IsFloat(const DataType& type) { return arrow::is_floating(type.id()); }

const DataType& ValueTypeOf(const DataType& type) {
  return type.id() == Type::DICTIONARY
             ? *checked_cast<const arrow::DictionaryType&>(type).value_type()
             : type;
}

/// Where nothing is known, a type still has a smallest value: no uint8 is below 0.
void BoundByType(const std::shared_ptr<DataType>& type, ValueRange* range) {
  if (range->min != nullptr) return;
  if (arrow::is_integer(type->id())) {
    const auto grid = Grid::Of(type);
    range->min = grid->ScalarOf(grid->min());
  } else if (type->id() == Type::FLOAT || type->id() == Type::DOUBLE) {
    range->min = *arrow::MakeScalar(type, -std::numeric_limits<double>::infinity());
  }
}

ValueRange RangeOfLiteral(const arrow::Datum& literal) {
  ValueRange range;
  if (!literal.is_scalar()) return range;
  const ScalarPtr& scalar = literal.scalar();
  const bool nan = scalar->is_valid && IsNan(*scalar);
  range.can_be_null = !scalar->is_valid;
  range.can_be_nan = nan;
  range.can_be_number = scalar->is_valid && !nan;
  if (range.can_be_number) range.min = range.max = scalar;
  return range;
}

bool IsView(Type::type id) { return arrow::is_binary_view_like(id); }
bool IsAnyString(Type::type id) {
  return arrow::is_base_binary_like(id) || IsView(id) || id == Type::FIXED_SIZE_BINARY;
}

/// A bound in the column's type; strings may come in another layout, such as a file's.
ScalarPtr BoundAs(const ScalarPtr& bound, const std::shared_ptr<DataType>& type) {
  if (bound == nullptr || !bound->is_valid || bound->type->Equals(*type)) return bound;
  if (!IsAnyString(bound->type->id()) || !IsAnyString(type->id())) return bound;
  const ScalarPtr same =
      BytesScalar(checked_cast<const arrow::BaseBinaryScalar&>(*bound).value, type);
  return same == nullptr ? bound : same;
}

/// Bounds that contradict themselves say nothing; neither do bounds of another type.
bool AreUsable(const ScalarPtr& min, const ScalarPtr& max, const DataType& type) {
  for (const ScalarPtr& bound : {min, max}) {
    if (bound == nullptr) continue;
    if (!bound->is_valid || IsNan(*bound) || !bound->type->Equals(type)) return false;
  }
  return min == nullptr || max == nullptr || Order(*min, *max) <= 0 ||
         type.id() == Type::HALF_FLOAT;
}

ValueRange RangeOfColumn(const cp::Expression::Parameter& parameter, const FactsOf& facts_of) {
  ValueRange range;
  const auto type = parameter.type.GetSharedPtr();
  const DataType& value_type = ValueTypeOf(*type);
  range.can_be_nan = IsFloat(value_type);
  const auto path = PathOf(parameter.ref);
  const ColumnFacts* facts = path.empty() || !facts_of ? nullptr : facts_of(path);
  if (facts != nullptr) {
    if (facts->null_count.has_value() && facts->num_rows.has_value() &&
        *facts->null_count >= *facts->num_rows) {
      range.can_be_nan = range.can_be_number = false;
    }
    if (facts->null_count.has_value()) range.can_be_null = *facts->null_count != 0;
    range.can_be_nan = range.can_be_nan && facts->may_have_nan;
    range.facts = facts;
    range.facts_type = value_type.GetSharedPtr();
    range.min = BoundAs(facts->min, range.facts_type);
    range.max = BoundAs(facts->max, range.facts_type);
    if (!AreUsable(range.min, range.max, value_type)) range.min = range.max = nullptr;
  }
  BoundByType(type, &range);
  return range;
}

enum class Effect : uint8_t {
  kSame,      ///< equal values stay equal and in order, and may_contain can be asked of them
  kMonotone,  ///< the order stays, though values may become equal
  kUnknown,
};

/// The casts that the binder puts in, and few more.
Effect EffectOf(const DataType& from, const DataType& to, const cp::CastOptions& options) {
  if (from.Equals(to)) return Effect::kSame;
  const Type::type a = from.id();
  const Type::type b = to.id();
  if (a == Type::DICTIONARY) {
    return ValueTypeOf(from).Equals(to) ? Effect::kSame : Effect::kUnknown;
  }
  if (IsAnyString(a) && IsAnyString(b) && b != Type::FIXED_SIZE_BINARY) return Effect::kSame;
  if (arrow::is_integer(a)) {
    // A checked cast fails where a value does not fit; what it gives is in order.
    if (arrow::is_integer(b) && !options.allow_int_overflow) return Effect::kMonotone;
    if (b == Type::FLOAT || b == Type::DOUBLE) return Effect::kMonotone;
    if (arrow::is_decimal(b) && checked_cast<const arrow::DecimalType&>(to).scale() >= 0) {
      return Effect::kMonotone;
    }
  }
  if ((a == Type::FLOAT || a == Type::HALF_FLOAT) && b == Type::DOUBLE) return Effect::kMonotone;
  if (a == Type::HALF_FLOAT && b == Type::FLOAT) return Effect::kMonotone;
  if (arrow::is_decimal(a) && arrow::is_decimal(b) && !options.allow_decimal_truncate) {
    return Effect::kMonotone;
  }
  const bool checked = !options.allow_time_overflow && !options.allow_time_truncate;
  if (b == Type::TIMESTAMP && checked && (arrow::is_date(a) || a == Type::TIMESTAMP)) {
    // A naive timestamp may be read in the zone that it gets: only UTC has no clock changes.
    const auto& zone = checked_cast<const arrow::TimestampType&>(to).timezone();
    const bool shifts = a == Type::TIMESTAMP &&
                        checked_cast<const arrow::TimestampType&>(from).timezone() != zone &&
                        zone != "UTC";
    return shifts ? Effect::kUnknown : Effect::kMonotone;
  }
  if (arrow::is_time(a) && arrow::is_time(b) && checked) return Effect::kMonotone;
  return Effect::kUnknown;
}

/// The bound after the cast; none if it cannot be cast. Decoded values have their type already.
ScalarPtr CastBound(const ScalarPtr& bound, const cp::CastOptions& options) {
  if (bound == nullptr || bound->type->Equals(*options.to_type.GetSharedPtr())) return bound;
  const auto cast = cp::Cast(arrow::Datum(bound), options);
  if (!cast.ok() || !cast->is_scalar() || !cast->scalar()->is_valid) return nullptr;
  return cast->scalar();
}

ValueRange RangeOfCast(const cp::Expression::Call& call, const FactsOf& facts_of) {
  const cp::Expression& argument = call.arguments[0];
  const auto& options = checked_cast<const cp::CastOptions&>(*call.options);
  ValueRange range = RangeOf(argument, facts_of);
  const auto to = options.to_type.GetSharedPtr();
  const DataType& from = *argument.type();
  const Effect effect = EffectOf(from, *to, options);
  range.can_be_nan =
      IsFloat(*to) && (!arrow::is_integer(from.id()) && !arrow::is_decimal(from.id()))
          ? range.can_be_nan || effect == Effect::kUnknown
          : false;
  if (effect != Effect::kSame) range.facts = nullptr;
  range.min = effect == Effect::kUnknown ? nullptr : CastBound(range.min, options);
  range.max = effect == Effect::kUnknown ? nullptr : CastBound(range.max, options);
  // Halves are only now in an order that shows whether their bounds contradict themselves.
  if (range.min != nullptr && range.max != nullptr && !(Order(*range.min, *range.max) <= 0)) {
    range.min = range.max = nullptr;
  }
  BoundByType(to, &range);
  return range;
}

bool MayHold(const ValueRange& range, const Scalar& value) {
  if (range.facts_type->Equals(*value.type)) return range.facts->may_contain(value);
  // Only a string is asked in another type than the column's: equal strings are equal bytes.
  const auto* bytes = dynamic_cast<const arrow::BaseBinaryScalar*>(&value);
  if (bytes == nullptr || !IsAnyString(range.facts_type->id())) return true;
  const ScalarPtr same = BytesScalar(bytes->value, range.facts_type);
  return same != nullptr && range.facts->may_contain(*same);
}

ScalarPtr OtherZero(const Scalar& value) {
  for (const double zero : {0.0, -0.0}) {
    if (!IsFloat(*value.type) || value.type->id() == Type::HALF_FLOAT) return nullptr;
    const auto other = *arrow::MakeScalar(value.type, zero);
    if (Order(*other, value) != 0) return nullptr;
    const bool negative = value.type->id() == Type::FLOAT
                              ? std::signbit(checked_cast<const arrow::FloatScalar&>(value).value)
                              : std::signbit(checked_cast<const arrow::DoubleScalar&>(value).value);
    if (negative != std::signbit(zero)) return other;
  }
  return nullptr;
}

}  // namespace

bool ValueRange::MayContain(const Scalar& value) const {
  if (!can_be_number) return false;
  if (min != nullptr && Order(value, *min) < 0) return false;
  if (max != nullptr && Order(value, *max) > 0) return false;
  if (facts == nullptr || !facts->may_contain) return true;
  if (MayHold(*this, value)) return true;
  // Zeros are equal, and hash to two places.
  const ScalarPtr zero = OtherZero(value);
  return zero != nullptr && MayHold(*this, *zero);
}

bool ValueRange::IsOnly(const Scalar& value) const {
  return min != nullptr && max != nullptr && Order(*min, value) == 0 && Order(*max, value) == 0;
}

ValueRange RangeOf(const cp::Expression& expression, const FactsOf& facts_of) {
  if (const auto* literal = expression.literal()) return RangeOfLiteral(*literal);
  if (const auto* parameter = expression.parameter()) return RangeOfColumn(*parameter, facts_of);
  const auto* call = expression.call();
  if (call != nullptr && call->function_name == "cast" && call->options != nullptr) {
    return RangeOfCast(*call, facts_of);
  }
  ValueRange range;
  if (expression.type() != nullptr) {
    const auto type = expression.type()->GetSharedPtr();
    range.can_be_nan = IsFloat(*type);
    BoundByType(type, &range);
  }
  return range;
}

}  // namespace headrace::expr
