#include "expr/shared_type.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/checked_cast.h>

#include "expr/typed.h"

namespace headrace::expr {
namespace {

using arrow::DataType;
using arrow::TimeUnit;
using arrow::Type;
using arrow::internal::checked_cast;
using TypePtr = std::shared_ptr<DataType>;

TypePtr SharedInteger(const DataType& left, const DataType& right) {
  if (left.id() != Type::UINT64 && right.id() != Type::UINT64) return arrow::int64();
  const bool unsigned_both =
      arrow::is_unsigned_integer(left.id()) && arrow::is_unsigned_integer(right.id());
  return unsigned_both ? arrow::uint64() : arrow::decimal128(20, 0);
}

TypePtr SharedDecimal(const DataType& left, const DataType& right) {
  const auto left_decimal = DecimalHolding(left);
  const auto right_decimal = DecimalHolding(right);
  const auto& a = checked_cast<const arrow::DecimalType&>(*left_decimal);
  const auto& b = checked_cast<const arrow::DecimalType&>(*right_decimal);
  const int32_t scale = std::max(a.scale(), b.scale());
  const int32_t precision = std::max(a.precision() - a.scale(), b.precision() - b.scale()) + scale;
  if (std::min(a.scale(), b.scale()) < 0) return arrow::float64();
  if (precision <= arrow::Decimal128Type::kMaxPrecision) {
    return arrow::decimal128(precision, scale);
  }
  if (precision <= arrow::Decimal256Type::kMaxPrecision) {
    return arrow::decimal256(precision, scale);
  }
  return arrow::float64();
}

struct Instant {
  TimeUnit::type unit;
  std::string zone;
};

Instant InstantOf(const DataType& type) {
  if (type.id() == Type::TIMESTAMP) {
    const auto& timestamp = checked_cast<const arrow::TimestampType&>(type);
    return {timestamp.unit(), timestamp.timezone()};
  }
  return {type.id() == Type::DATE64 ? TimeUnit::MILLI : TimeUnit::SECOND, ""};
}

TypePtr SharedInstant(const DataType& left, const DataType& right) {
  const Instant a = InstantOf(left);
  const Instant b = InstantOf(right);
  // What has no zone is UTC, and so is what two zones have in common.
  return arrow::timestamp(std::max(a.unit, b.unit), a.zone == b.zone ? a.zone : "UTC");
}

TimeUnit::type UnitOf(const DataType& type) {
  return type.id() == Type::DURATION ? checked_cast<const arrow::DurationType&>(type).unit()
                                     : checked_cast<const arrow::TimeType&>(type).unit();
}

bool IsInstant(Family family) { return family == Family::kTimestamp || family == Family::kDate; }
bool IsString(Family family) { return family == Family::kText || family == Family::kBytes; }

}  // namespace

TypePtr DecimalHolding(const DataType& type) {
  switch (type.id()) {
    case Type::INT8:
    case Type::UINT8: return arrow::decimal128(3, 0);
    case Type::INT16:
    case Type::UINT16: return arrow::decimal128(5, 0);
    case Type::INT32:
    case Type::UINT32: return arrow::decimal128(10, 0);
    case Type::INT64: return arrow::decimal128(19, 0);
    case Type::UINT64: return arrow::decimal128(20, 0);
    default: break;
  }
  const auto& decimal = checked_cast<const arrow::DecimalType&>(type);
  return type.id() == Type::DECIMAL256 ? arrow::decimal256(decimal.precision(), decimal.scale())
                                       : arrow::decimal128(decimal.precision(), decimal.scale());
}

TypePtr SharedType(const TypePtr& left, const TypePtr& right) {
  if (left->Equals(*right)) return left;
  const Family a = FamilyOf(*left);
  const Family b = FamilyOf(*right);
  if (IsNumber(a) && IsNumber(b)) {
    if (a == Family::kFloat || b == Family::kFloat) return arrow::float64();
    if (a == Family::kInteger && b == Family::kInteger) return SharedInteger(*left, *right);
    return SharedDecimal(*left, *right);
  }
  if (IsString(a) && IsString(b)) {
    return a == Family::kText && b == Family::kText ? arrow::large_utf8() : arrow::large_binary();
  }
  if (IsInstant(a) && IsInstant(b)) return SharedInstant(*left, *right);
  if (a == Family::kTime && b == Family::kTime) {
    const auto unit = std::max(UnitOf(*left), UnitOf(*right));
    return unit >= TimeUnit::MICRO ? arrow::time64(unit) : arrow::time32(unit);
  }
  if (a == Family::kDuration && b == Family::kDuration) {
    return arrow::duration(std::max(UnitOf(*left), UnitOf(*right)));
  }
  return nullptr;
}

}  // namespace headrace::expr
