#include "expr/scalar_order.h"

#include <string_view>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/checked_cast.h>
#include <arrow/visit_type_inline.h>

namespace headrace::expr {
namespace {

using arrow::Scalar;

std::partial_ordering Bytes(std::string_view left, std::string_view right) {
  return left.compare(right) <=> 0;
}

struct Visitor {
  const Scalar& left;
  const Scalar& right;
  std::partial_ordering order = std::partial_ordering::unordered;

  template <typename T>
  arrow::Status Visit(const T&) {
    using arrow::internal::checked_cast;
    if constexpr (arrow::is_base_binary_type<T>::value ||
                  arrow::is_binary_view_like_type<T>::value ||
                  std::is_same_v<T, arrow::FixedSizeBinaryType>) {
      order = Bytes(checked_cast<const arrow::BaseBinaryScalar&>(left).view(),
                    checked_cast<const arrow::BaseBinaryScalar&>(right).view());
    } else if constexpr (arrow::is_decimal_type<T>::value) {
      using ScalarType = typename arrow::TypeTraits<T>::ScalarType;
      const auto& a = checked_cast<const ScalarType&>(left).value;
      const auto& b = checked_cast<const ScalarType&>(right).value;
      order = a < b    ? std::partial_ordering::less
              : a == b ? std::partial_ordering::equivalent
                       : std::partial_ordering::greater;
    } else if constexpr (std::is_same_v<T, arrow::HalfFloatType>) {
      // Compared as the floats that the binder makes of them.
    } else if constexpr (arrow::has_c_type<T>::value && !arrow::is_interval_type<T>::value) {
      using ScalarType = typename arrow::TypeTraits<T>::ScalarType;
      order = checked_cast<const ScalarType&>(left).value <=>
              checked_cast<const ScalarType&>(right).value;
    }
    return arrow::Status::OK();
  }
};

}  // namespace

std::partial_ordering Order(const Scalar& left, const Scalar& right) {
  if (!left.is_valid || !right.is_valid || !left.type->Equals(*right.type)) {
    return std::partial_ordering::unordered;
  }
  Visitor visitor{left, right};
  if (!arrow::VisitTypeInline(*left.type, &visitor).ok()) return std::partial_ordering::unordered;
  return visitor.order;
}

}  // namespace headrace::expr
