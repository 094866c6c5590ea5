#pragma once

#include <compare>

namespace arrow {
struct Scalar;
}

namespace headrace::expr {

/// The order that Arrow's comparisons have: IEEE for floats (0.0 equals -0.0), bytes for strings,
/// the value for decimals of one scale. Unordered for NaN, nulls, different types and types without
/// an order.
std::partial_ordering Order(const arrow::Scalar& left, const arrow::Scalar& right);

}  // namespace headrace::expr
