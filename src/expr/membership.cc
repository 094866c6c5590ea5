#include <limits>
#include <utility>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/checked_cast.h>
#include <fmt/format.h>

#include "expr/comparison.h"
#include "expr/shared_type.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;
using arrow::Scalar;
using arrow::Type;
using ScalarPtr = std::shared_ptr<Scalar>;

/// Arrow's is_in has no kernels for views and small decimals.
Typed WithKernel(Typed value) {
  switch (value.type->id()) {
    case Type::STRING_VIEW: return CastTo(std::move(value), arrow::large_utf8());
    case Type::BINARY_VIEW: return CastTo(std::move(value), arrow::large_binary());
    case Type::DECIMAL32:
    case Type::DECIMAL64: {
      auto type = DecimalHolding(*value.type);
      return CastTo(std::move(value), type);
    }
    default: return value;
  }
}

double RealOf(const Scalar& scalar) {
  using arrow::internal::checked_cast;
  return scalar.type->id() == Type::FLOAT ? checked_cast<const arrow::FloatScalar&>(scalar).value
                                          : checked_cast<const arrow::DoubleScalar&>(scalar).value;
}

/// is_in matches NaN with NaN and tells 0.0 from -0.0; equality does neither, so NaN leaves the
/// list and a zero stands in it with both signs.
void MakeComparable(const std::shared_ptr<arrow::DataType>& type, std::vector<ScalarPtr>* values) {
  bool zero = false;
  std::erase_if(*values, [&](const ScalarPtr& value) {
    const double real = RealOf(*value);
    zero = zero || real == 0;
    return real == 0 || real != real;
  });
  if (!zero) return;
  for (const double signed_zero : {0.0, -0.0}) {
    values->push_back(*arrow::MakeScalar(type, signed_zero));
  }
}

Result<std::shared_ptr<arrow::Array>> ArrayOf(const std::shared_ptr<arrow::DataType>& type,
                                              const std::vector<ScalarPtr>& values,
                                              bool with_null) {
  ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(type));
  ARROW_RETURN_NOT_OK(builder->AppendScalars(values));
  if (with_null) ARROW_RETURN_NOT_OK(builder->AppendNull());
  return builder->Finish();
}

/// False for every value, null for null: what an empty list leaves of `in`.
Result<Typed> Never(const InputText& input, Typed value, size_t offset) {
  if (value.family() == Family::kFloat) {  // NaN is unequal to itself
    const double least = -std::numeric_limits<double>::infinity();
    Typed right = LiteralOf(*arrow::MakeScalar(value.type, least), offset);
    return Call(input, "less", {std::move(value), std::move(right)}, arrow::boolean(), offset);
  }
  return Call(input, "not_equal", {value, value}, arrow::boolean(), offset);
}

}  // namespace

Result<Typed> IsIn(const InputText& input, Typed value, const std::vector<ScalarPtr>& items,
                   const std::vector<size_t>& item_offsets, size_t offset) {
  ARROW_ASSIGN_OR_RAISE(value, Decode(input, std::move(value)));
  if (value.family() == Family::kNull) return NullBoolean(offset);
  if (value.family() == Family::kOther) {
    return ErrorAt(input, ErrorCode::kTypeMismatch, offset,
                   fmt::format("{} cannot be looked up in a list", value.type->ToString()));
  }
  value = WithKernel(std::move(value));
  std::vector<ScalarPtr> values;
  bool with_null = false;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i]->is_valid) {
      with_null = true;
      continue;
    }
    const size_t at = item_offsets.empty() ? offset : item_offsets[i];
    ARROW_ASSIGN_OR_RAISE(auto fitted, LiteralAs(input, items[i], value.type, at));
    if (fitted != nullptr) values.push_back(std::move(fitted));
  }
  if (value.family() == Family::kFloat) MakeComparable(value.type, &values);
  if (values.empty()) {
    return with_null ? NullBoolean(offset) : Never(input, std::move(value), offset);
  }
  ARROW_ASSIGN_OR_RAISE(auto set, ArrayOf(value.type, values, with_null));
  cp::SetLookupOptions options(std::move(set), cp::SetLookupOptions::INCONCLUSIVE);
  auto lookup = cp::call("is_in", {value.expr}, std::move(options));
  if (value.literal() == nullptr) return Typed{std::move(lookup), arrow::boolean(), offset};
  ARROW_ASSIGN_OR_RAISE(auto answer, Compute(lookup));
  if (!answer->is_valid) return NullBoolean(offset);
  return LiteralOf(std::move(answer), offset);
}

}  // namespace headrace::expr
