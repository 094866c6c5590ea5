#include "expr/exact.h"

#include <cmath>
#include <limits>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/checked_cast.h>
#include <fmt/format.h>

namespace headrace::expr {
namespace {

using arrow::Decimal256;
using arrow::Scalar;
using arrow::Type;
using arrow::internal::checked_cast;

constexpr int32_t kMaxDigits = Decimal256::kMaxPrecision;
constexpr int64_t kSecondsPerDay = 86400;

int32_t ScaleOf(arrow::TimeUnit::type unit) { return static_cast<int32_t>(unit) * 3; }
static_assert(arrow::TimeUnit::SECOND == 0 && arrow::TimeUnit::NANO == 3);

int32_t DigitsOf(const Decimal256& value) {
  return static_cast<int32_t>(Decimal256(Decimal256::Abs(value)).ToIntegerString().size());
}

Decimal256 PowerOfTen(int32_t exponent) { return Decimal256::GetScaleMultiplier(exponent); }

std::optional<Exact> ExactOfDouble(double value) {
  if (std::isnan(value)) return std::nullopt;
  // Beyond 10^76 every grid ends; below 10^-76 none has a step.
  const Decimal256 sign(value < 0 ? -1 : 1);
  if (std::abs(value) >= 1e76) return Exact{sign * PowerOfTen(kMaxDigits), 0};
  constexpr double kExactIntegers = 9.2e18;
  if (std::abs(value) < kExactIntegers && std::trunc(value) == value) {
    return Exact{Decimal256(static_cast<int64_t>(value)), 0};
  }
  Exact exact;
  int32_t precision = 0;
  // In plain digits what was typed: 0.1 is meant as a tenth, not as the double next to it.
  if (Decimal256::FromString(fmt::format("{}", value), &exact.value, &precision, &exact.scale)
          .ok() &&
      precision <= kMaxDigits && exact.scale >= 0 && exact.scale <= kMaxDigits) {
    return exact;
  }
  return Exact{sign, kMaxDigits};
}

}  // namespace

std::optional<Exact> ExactOf(const Scalar& literal) {
  if (!literal.is_valid) return std::nullopt;
  switch (literal.type->id()) {
    case Type::INT64: return Exact{checked_cast<const arrow::Int64Scalar&>(literal).value, 0};
    case Type::DOUBLE:
      return ExactOfDouble(checked_cast<const arrow::DoubleScalar&>(literal).value);
    case Type::DECIMAL256:
      return Exact{checked_cast<const arrow::Decimal256Scalar&>(literal).value,
                   checked_cast<const arrow::DecimalType&>(*literal.type).scale()};
    case Type::DATE32: {
      const int64_t days = checked_cast<const arrow::Date32Scalar&>(literal).value;
      return Exact{days * kSecondsPerDay, 0};
    }
    case Type::DATE64:
      return Exact{checked_cast<const arrow::Date64Scalar&>(literal).value,
                   ScaleOf(arrow::TimeUnit::MILLI)};
    case Type::TIMESTAMP:
      return Exact{checked_cast<const arrow::TimestampScalar&>(literal).value,
                   ScaleOf(checked_cast<const arrow::TimestampType&>(*literal.type).unit())};
    case Type::TIME32:
      return Exact{checked_cast<const arrow::Time32Scalar&>(literal).value,
                   ScaleOf(checked_cast<const arrow::TimeType&>(*literal.type).unit())};
    case Type::TIME64:
      return Exact{checked_cast<const arrow::Time64Scalar&>(literal).value,
                   ScaleOf(checked_cast<const arrow::TimeType&>(*literal.type).unit())};
    default: return std::nullopt;
  }
}

std::optional<Grid> Grid::Of(const std::shared_ptr<arrow::DataType>& type) {
  const auto make = [&](auto min, auto max, int32_t scale) {
    Grid grid;
    grid.type_ = type;
    grid.min_ = Decimal256(min);
    grid.max_ = Decimal256(max);
    grid.scale_ = scale;
    return grid;
  };
  const auto of_range = [&]<typename T>(T, int32_t scale) {
    return make(std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), scale);
  };
  switch (type->id()) {
    case Type::INT8: return of_range(int8_t{}, 0);
    case Type::INT16: return of_range(int16_t{}, 0);
    case Type::INT32: return of_range(int32_t{}, 0);
    case Type::INT64: return of_range(int64_t{}, 0);
    case Type::UINT8: return of_range(uint8_t{}, 0);
    case Type::UINT16: return of_range(uint16_t{}, 0);
    case Type::UINT32: return of_range(uint32_t{}, 0);
    case Type::UINT64: return of_range(uint64_t{}, 0);
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256: {
      const auto& decimal = checked_cast<const arrow::DecimalType&>(*type);
      if (decimal.scale() < 0) return std::nullopt;
      const Decimal256 max = Decimal256::GetMaxValue(decimal.precision());
      return make(-max, max, decimal.scale());
    }
    case Type::DATE32: {
      Grid grid = of_range(int32_t{}, 0);
      grid.days_ = true;
      return grid;
    }
    case Type::DATE64: return of_range(int64_t{}, ScaleOf(arrow::TimeUnit::MILLI));
    case Type::TIMESTAMP:
      return of_range(int64_t{}, ScaleOf(checked_cast<const arrow::TimestampType&>(*type).unit()));
    case Type::TIME32:
      return of_range(int32_t{}, ScaleOf(checked_cast<const arrow::TimeType&>(*type).unit()));
    case Type::TIME64:
      return of_range(int64_t{}, ScaleOf(checked_cast<const arrow::TimeType&>(*type).unit()));
    default: return std::nullopt;
  }
}

Grid::Position Grid::Locate(const Exact& exact) const {
  Position position{.floor = exact.value};
  Decimal256 divisor(1);
  if (exact.scale > scale_) divisor = PowerOfTen(exact.scale - scale_);
  if (days_) divisor *= Decimal256(kSecondsPerDay);
  if (divisor != Decimal256(1)) {
    const auto [quotient, rest] = *exact.value.Divide(divisor);
    position.on_grid = rest == Decimal256(0);
    position.floor = rest.IsNegative() ? Decimal256(quotient + Decimal256(-1)) : quotient;
  } else if (exact.scale < scale_ && exact.value != Decimal256(0)) {
    const int32_t shift = scale_ - exact.scale;
    if (DigitsOf(exact.value) + shift > kMaxDigits) {
      position.place = exact.value.IsNegative() ? Place::kBelow : Place::kAbove;
      return position;
    }
    position.floor = exact.value * PowerOfTen(shift);
  }
  if (position.floor < min_) position.place = Place::kBelow;
  if (position.floor > max_) position.place = Place::kAbove;
  return position;
}

std::shared_ptr<Scalar> Grid::ScalarOf(const Decimal256& steps) const {
  // Two's complement: whoever is inside a grid of 64 bits is its lowest word.
  const auto words = steps.little_endian_array();
  const auto low = static_cast<int64_t>(words[0]);
  switch (type_->id()) {
    case Type::DECIMAL32:
      return std::make_shared<arrow::Decimal32Scalar>(arrow::Decimal32(static_cast<int32_t>(low)),
                                                      type_);
    case Type::DECIMAL64:
      return std::make_shared<arrow::Decimal64Scalar>(arrow::Decimal64(low), type_);
    case Type::DECIMAL128:
      return std::make_shared<arrow::Decimal128Scalar>(
          arrow::Decimal128(static_cast<int64_t>(words[1]), words[0]), type_);
    case Type::DECIMAL256: return std::make_shared<arrow::Decimal256Scalar>(steps, type_);
    case Type::UINT64: return std::make_shared<arrow::UInt64Scalar>(words[0]);
    default: return *arrow::MakeScalar(type_, low);
  }
}

GridComparison CompareOnGrid(const Grid& grid, const std::string& function, const Exact& literal) {
  const Grid::Position position = grid.Locate(literal);
  const bool not_equal = function == "not_equal";
  const auto constant = [](bool always) {
    return GridComparison{always ? "equal" : "not_equal", nullptr};
  };
  const bool upward = function == "greater" || function == "greater_equal";
  const bool downward = function == "less" || function == "less_equal";
  if (position.place == Grid::Place::kAbove) return constant(downward || not_equal);
  if (position.place == Grid::Place::kBelow) return constant(upward || not_equal);
  const auto value = grid.ScalarOf(position.floor);
  if (position.on_grid) return {function, value};
  if (downward) return {"less_equal", value};
  if (upward) return {"greater", value};
  return constant(not_equal);
}

std::shared_ptr<Scalar> ScalarOnGrid(const Grid& grid, const Exact& literal) {
  const Grid::Position position = grid.Locate(literal);
  if (position.place != Grid::Place::kInside || !position.on_grid) return nullptr;
  return grid.ScalarOf(position.floor);
}

}  // namespace headrace::expr
