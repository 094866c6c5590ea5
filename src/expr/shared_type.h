#pragma once

#include <memory>

namespace arrow {
class DataType;
}

namespace headrace::expr {

/// The type in which values of two types are compared; null if there is none. Exact, except that
/// integers and decimals become doubles beside floats, and decimals of more than 76 digits do.
std::shared_ptr<arrow::DataType> SharedType(const std::shared_ptr<arrow::DataType>& left,
                                            const std::shared_ptr<arrow::DataType>& right);

/// The decimal type that holds every value of an integer or decimal type; at least decimal128.
std::shared_ptr<arrow::DataType> DecimalHolding(const arrow::DataType& type);

}  // namespace headrace::expr
