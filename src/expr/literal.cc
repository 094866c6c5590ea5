#include "expr/literal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/checked_cast.h>
#include <arrow/util/decimal.h>
#include <arrow/util/value_parsing.h>
#include <fmt/format.h>

#include "expr/token.h"
#include "headrace/error_code.h"

namespace headrace::expr {
namespace {

using arrow::Decimal256;
using arrow::Scalar;
using arrow::Type;
using arrow::internal::checked_cast;

template <typename T>
T NearestReal(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc::result_out_of_range) return value;
  // A number has at most 128 characters, so that only its exponent can have taken it out of range;
  // of float, digits alone can as well, and then its integer part is the long one.
  const size_t exponent = text.find_first_of("eE");
  bool small = false;
  if (exponent != std::string_view::npos) {
    small = text[exponent + 1] == '-';
  } else if constexpr (std::is_same_v<T, float>) {
    small = std::abs(NearestReal<double>(text)) < 1;
  }
  const T magnitude = small ? 0 : std::numeric_limits<T>::infinity();
  return text.front() == '-' ? -magnitude : magnitude;
}

std::shared_ptr<Scalar> DecimalLiteral(Decimal256 value, int32_t scale) {
  while (scale > 0) {
    const auto [quotient, rest] = *value.Divide(Decimal256(10));
    if (rest != 0) break;
    value = quotient;
    --scale;
  }
  const std::string digits = Decimal256(Decimal256::Abs(value)).ToIntegerString();
  const int32_t precision = std::max(static_cast<int32_t>(digits.size()), std::max(scale, 1));
  return std::make_shared<arrow::Decimal256Scalar>(value, arrow::decimal256(precision, scale));
}

std::shared_ptr<Scalar> IntegerLiteral(const Decimal256& value) {
  const auto low = static_cast<int64_t>(value.little_endian_array()[0]);
  if (Decimal256(low) == value) return std::make_shared<arrow::Int64Scalar>(low);
  return DecimalLiteral(value, 0);
}

std::shared_ptr<Scalar> NormalizedDecimal(const Scalar& scalar) {
  const auto& type = checked_cast<const arrow::DecimalType&>(*scalar.type);
  Decimal256 value;
  switch (type.id()) {
    case Type::DECIMAL32:
      value = Decimal256(checked_cast<const arrow::Decimal32Scalar&>(scalar).value.value());
      break;
    case Type::DECIMAL64:
      value = Decimal256(checked_cast<const arrow::Decimal64Scalar&>(scalar).value.value());
      break;
    case Type::DECIMAL128:
      value = Decimal256(checked_cast<const arrow::Decimal128Scalar&>(scalar).value);
      break;
    default: value = checked_cast<const arrow::Decimal256Scalar&>(scalar).value;
  }
  return DecimalLiteral(value, type.scale());
}

std::shared_ptr<Scalar> NormalizedBytes(const Scalar& scalar) {
  const auto& bytes = checked_cast<const arrow::BaseBinaryScalar&>(scalar).value;
  if (arrow::is_string_or_string_view(scalar.type->id())) {
    return std::make_shared<arrow::StringScalar>(bytes);
  }
  return std::make_shared<arrow::BinaryScalar>(bytes);
}

/// Arrow would write 1E-9 for 0.000000001, which reads as a double.
std::string PlainDecimal(const Decimal256& value, int32_t scale) {
  std::string digits = Decimal256(Decimal256::Abs(value)).ToIntegerString();
  if (scale > 0) {
    const auto fraction = static_cast<size_t>(scale);
    if (digits.size() <= fraction) digits.insert(0, fraction + 1 - digits.size(), '0');
    digits.insert(digits.size() - fraction, ".");
  }
  return value.IsNegative() ? "-" + digits : digits;
}

std::string NumberText(const Scalar& number) {
  if (number.type->id() != Type::DECIMAL256) return number.ToString();
  return PlainDecimal(checked_cast<const arrow::Decimal256Scalar&>(number).value,
                      checked_cast<const arrow::DecimalType&>(*number.type).scale());
}

std::string FloatText(double value, std::string shortest, bool typed) {
  if (std::isinf(value)) return value > 0 ? "1e999" : "-1e999";
  if (typed && shortest.find('e') == std::string::npos) shortest += "e0";
  if (shortest.find_first_of(".e") == std::string::npos) shortest += ".0";
  return shortest;
}

Status NoLiteral(const Scalar& scalar) {
  return MakeError(ErrorCode::kNotImplemented,
                   fmt::format("filters have no literal for a value of type {}: {}",
                               scalar.type->ToString(), scalar.ToString()),
                   {"filter"});
}

Result<std::string> TimestampText(const Scalar& scalar) {
  const auto& type = checked_cast<const arrow::TimestampType&>(*scalar.type);
  const arrow::TimestampScalar naive(checked_cast<const arrow::TimestampScalar&>(scalar).value,
                                     arrow::timestamp(type.unit()));
  std::string text = naive.ToString();
  if (ParseTimestamp(text) == nullptr) return NoLiteral(scalar);
  return fmt::format("timestamp '{}{}'", text, type.timezone().empty() ? "" : "Z");
}

std::string Hex(std::string_view bytes) {
  std::string out = "x'";
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return out + "'";
}

}  // namespace

std::shared_ptr<Scalar> ParseNumber(std::string_view text) {
  if (text.find_first_of("eE") == std::string_view::npos) {
    Decimal256 value;
    int32_t precision = 0;
    int32_t scale = 0;
    if (Decimal256::FromString(text, &value, &precision, &scale).ok() &&
        precision <= Decimal256::kMaxPrecision && scale >= 0 && scale <= Decimal256::kMaxScale) {
      const bool integer = text.find('.') == std::string_view::npos;
      return integer ? IntegerLiteral(value) : DecimalLiteral(value, scale);
    }
  }
  return std::make_shared<arrow::DoubleScalar>(NearestReal<double>(text));
}

std::shared_ptr<Scalar> ParseTimestamp(std::string_view text) {
  // "2024-01-31 10:00:00" has 19 characters. The fraction is read apart, and so is the first
  // instant of nanoseconds, whose whole second lies before it.
  constexpr size_t kToSeconds = 19;
  constexpr size_t kMaxFraction = 9;
  std::string whole(text);
  std::string fraction;
  if (text.size() > kToSeconds && text[kToSeconds] == '.') {
    const size_t end = std::min(text.find_first_not_of("0123456789", kToSeconds + 1), text.size());
    fraction = text.substr(kToSeconds + 1, end - kToSeconds - 1);
    whole.erase(kToSeconds, end - kToSeconds);
    if (fraction.empty() || fraction.size() > kMaxFraction) return nullptr;
  }
  int64_t seconds = 0;
  bool zoned = false;
  // Arrow looks for an offset in the last six characters.
  if (whole.size() < 10 ||
      !arrow::internal::ParseTimestampISO8601(whole.data(), whole.size(), arrow::TimeUnit::SECOND,
                                              &seconds, &zoned)) {
    return nullptr;
  }
  const size_t thousands = (fraction.size() + 2) / 3;
  fraction.resize(3 * thousands, '0');
  __int128 value = seconds;
  for (size_t i = 0; i < thousands; ++i) value *= 1000;
  if (!fraction.empty()) value += std::stoll(fraction);
  if (value != static_cast<int64_t>(value)) return nullptr;
  const auto unit = static_cast<arrow::TimeUnit::type>(thousands);
  return std::make_shared<arrow::TimestampScalar>(
      static_cast<int64_t>(value), arrow::timestamp(unit, zoned ? "UTC" : std::string()));
}

std::shared_ptr<Scalar> ParseDate(std::string_view text) {
  int32_t days = 0;
  const arrow::Date32Type type;
  if (!arrow::internal::ParseValue(type, text.data(), text.size(), &days)) return nullptr;
  return std::make_shared<arrow::Date32Scalar>(days);
}

std::shared_ptr<Scalar> ParseTime(std::string_view text) {
  int64_t value = 0;
  const arrow::Time64Type type(arrow::TimeUnit::NANO);
  if (!arrow::internal::ParseValue(type, text.data(), text.size(), &value)) return nullptr;
  return std::make_shared<arrow::Time64Scalar>(value, arrow::time64(arrow::TimeUnit::NANO));
}

Result<std::shared_ptr<Scalar>> NormalizeLiteral(std::shared_ptr<Scalar> scalar) {
  if (scalar->type->id() == Type::DICTIONARY) {
    ARROW_ASSIGN_OR_RAISE(scalar,
                          checked_cast<const arrow::DictionaryScalar&>(*scalar).GetEncodedValue());
  }
  if (scalar->type->id() == Type::EXTENSION && scalar->is_valid) {
    scalar = checked_cast<const arrow::ExtensionScalar&>(*scalar).value;
  }
  if (!scalar->is_valid) return arrow::MakeNullScalar(arrow::null());
  const Type::type id = scalar->type->id();
  if (id == Type::HALF_FLOAT) {
    const auto& half = checked_cast<const arrow::HalfFloatScalar&>(*scalar);
    return std::make_shared<arrow::DoubleScalar>(
        arrow::util::Float16::FromBits(half.value).ToDouble());
  }
  if (id == Type::FLOAT) {
    const float value = checked_cast<const arrow::FloatScalar&>(*scalar).value;
    return std::make_shared<arrow::DoubleScalar>(value);
  }
  if (arrow::is_integer(id)) return ParseNumber(scalar->ToString());
  if (arrow::is_decimal(id)) return NormalizedDecimal(*scalar);
  if (arrow::is_base_binary_like(id) || arrow::is_binary_view_like(id) ||
      id == Type::FIXED_SIZE_BINARY) {
    return NormalizedBytes(*scalar);
  }
  return scalar;
}

std::shared_ptr<Scalar> NearestFloat(const Scalar& number,
                                     const std::shared_ptr<arrow::DataType>& type) {
  const bool is_double = number.type->id() == Type::DOUBLE;
  const double value = is_double ? checked_cast<const arrow::DoubleScalar&>(number).value : 0;
  if (type->id() == Type::FLOAT) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    float real = value > 0 ? kInfinity : -kInfinity;
    if (!is_double) {
      real = NearestReal<float>(NumberText(number));
    } else if (!(std::abs(value) > std::numeric_limits<float>::max())) {
      real = static_cast<float>(value);
    }
    return std::make_shared<arrow::FloatScalar>(real);
  }
  return std::make_shared<arrow::DoubleScalar>(is_double ? value
                                                         : NearestReal<double>(NumberText(number)));
}

std::shared_ptr<Scalar> BytesScalar(const std::shared_ptr<arrow::Buffer>& bytes,
                                    const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case Type::STRING: return std::make_shared<arrow::StringScalar>(bytes);
    case Type::LARGE_STRING: return std::make_shared<arrow::LargeStringScalar>(bytes);
    case Type::STRING_VIEW: return std::make_shared<arrow::StringViewScalar>(bytes);
    case Type::LARGE_BINARY: return std::make_shared<arrow::LargeBinaryScalar>(bytes);
    case Type::BINARY_VIEW: return std::make_shared<arrow::BinaryViewScalar>(bytes);
    case Type::FIXED_SIZE_BINARY:
      if (bytes->size() != checked_cast<const arrow::FixedSizeBinaryType&>(*type).byte_width()) {
        return nullptr;
      }
      return std::make_shared<arrow::FixedSizeBinaryScalar>(bytes, type);
    default: return std::make_shared<arrow::BinaryScalar>(bytes);
  }
}

Result<std::string> LiteralText(const std::shared_ptr<Scalar>& literal, bool typed) {
  const Scalar& scalar = *literal;
  if (!scalar.is_valid) return "null";
  const Type::type id = scalar.type->id();
  switch (id) {
    case Type::FLOAT: {
      const float value = checked_cast<const arrow::FloatScalar&>(scalar).value;
      if (std::isnan(value)) return NoLiteral(scalar);
      return FloatText(value, fmt::format("{}", value), typed);
    }
    case Type::DOUBLE: {
      const double value = checked_cast<const arrow::DoubleScalar&>(scalar).value;
      if (std::isnan(value)) return NoLiteral(scalar);
      return FloatText(value, fmt::format("{}", value), typed);
    }
    case Type::TIMESTAMP: return TimestampText(scalar);
    case Type::DATE32: return fmt::format("date '{}'", scalar.ToString());
    case Type::DATE64: {
      const int64_t value = checked_cast<const arrow::Date64Scalar&>(scalar).value;
      return TimestampText(arrow::TimestampScalar(value, arrow::timestamp(arrow::TimeUnit::MILLI)));
    }
    case Type::TIME32:
    case Type::TIME64: return fmt::format("time '{}'", scalar.ToString());
    case Type::BOOL: return scalar.ToString();
    default: break;
  }
  if (arrow::is_integer(id)) return scalar.ToString();
  ARROW_ASSIGN_OR_RAISE(const auto plain, NormalizeLiteral(literal));
  if (plain->type->id() == Type::DECIMAL256) return NumberText(*plain);
  if (plain->type->id() == Type::INT64) return plain->ToString();
  if (plain->type->id() == Type::STRING) {
    return QuotedString(checked_cast<const arrow::StringScalar&>(*plain).view());
  }
  if (plain->type->id() == Type::BINARY) {
    return Hex(checked_cast<const arrow::BinaryScalar&>(*plain).view());
  }
  return NoLiteral(scalar);
}

}  // namespace headrace::expr
