#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "headrace/status.h"

namespace arrow {
class Buffer;
class DataType;
struct Scalar;
}  // namespace arrow

namespace headrace::expr {

/// A number: int64 if it is an integer that fits; decimal256, exactly, if it has up to 76 digits
/// and no exponent; else the nearest double, or an infinity beyond those. Requires: `text` is a
/// number of the language, with or without a minus.
std::shared_ptr<arrow::Scalar> ParseNumber(std::string_view text);

/// "2024-01-31 10:00:00.25+02:00": in the coarsest unit that holds it exactly, in UTC; its type has
/// the zone "UTC" if the text has an offset or Z, none if not. Null if it does not read as one.
std::shared_ptr<arrow::Scalar> ParseTimestamp(std::string_view text);

/// "2024-01-31": date32. Null if it does not read as one.
std::shared_ptr<arrow::Scalar> ParseDate(std::string_view text);

/// "10:00" or "10:00:00.25": time64 in nanoseconds. Null if it does not read as one.
std::shared_ptr<arrow::Scalar> ParseTime(std::string_view text);

/// The scalar in the few types that the parser makes: integers as int64 or decimal256, decimals as
/// decimal256 without trailing zeros, floats as double, strings as utf8, bytes as binary, decoded
/// from dictionaries and extensions. Scalars of other types are returned as they are.
Result<std::shared_ptr<arrow::Scalar>> NormalizeLiteral(std::shared_ptr<arrow::Scalar> scalar);

/// The nearest value of the type (float or double) to a numeric literal as NormalizeLiteral() makes
/// them, rounded once. Infinite if it is beyond the type's range.
std::shared_ptr<arrow::Scalar> NearestFloat(const arrow::Scalar& number,
                                            const std::shared_ptr<arrow::DataType>& type);

/// The bytes in a string or binary type; null if they are not as many as its fixed width.
std::shared_ptr<arrow::Scalar> BytesScalar(const std::shared_ptr<arrow::Buffer>& bytes,
                                           const std::shared_ptr<arrow::DataType>& type);

/// The text that reads as this value again. `typed`: a double is written so that it reads as a
/// double by itself (1.5e0), which matters in arithmetic. kNotImplemented for values that the
/// language has no literal for.
Result<std::string> LiteralText(const std::shared_ptr<arrow::Scalar>& literal, bool typed);

}  // namespace headrace::expr
