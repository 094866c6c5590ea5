#include "expr/typed.h"

#include <algorithm>
#include <utility>

#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/checked_cast.h>
#include <fmt/format.h>

#include "expr/literal.h"

namespace headrace::expr {

namespace cp = arrow::compute;
using arrow::Type;
using arrow::internal::checked_cast;

Family FamilyOf(const arrow::DataType& type) {
  const Type::type id = type.id();
  if (arrow::is_integer(id)) return Family::kInteger;
  if (arrow::is_decimal(id)) return Family::kDecimal;
  if (arrow::is_string_or_string_view(id)) return Family::kText;
  switch (id) {
    case Type::NA: return Family::kNull;
    case Type::BOOL: return Family::kBool;
    case Type::FLOAT:
    case Type::DOUBLE: return Family::kFloat;
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY: return Family::kBytes;
    case Type::TIMESTAMP: return Family::kTimestamp;
    case Type::DATE32:
    case Type::DATE64: return Family::kDate;
    case Type::TIME32:
    case Type::TIME64: return Family::kTime;
    case Type::DURATION: return Family::kDuration;
    default: return Family::kOther;
  }
}

std::shared_ptr<arrow::Scalar> Typed::literal() const {
  const arrow::Datum* datum = expr.literal();
  return datum != nullptr && datum->is_scalar() ? datum->scalar() : nullptr;
}

Typed LiteralOf(std::shared_ptr<arrow::Scalar> scalar, size_t offset) {
  auto type = scalar->type;
  return {cp::literal(std::move(scalar)), std::move(type), offset};
}

Typed NullBoolean(size_t offset) {
  return LiteralOf(arrow::MakeNullScalar(arrow::boolean()), offset);
}

Typed CastTo(Typed value, const std::shared_ptr<arrow::DataType>& type) {
  if (value.type->Equals(*type)) return value;
  cp::CastOptions options = cp::CastOptions::Safe(type);
  options.allow_float_truncate = arrow::is_floating(type->id());
  return {cp::call("cast", {std::move(value.expr)}, std::move(options)), type, value.offset};
}

Result<Typed> Decode(const InputText& input, Typed value) {
  // At most: an extension of a dictionary of an extension of a half.
  for (int layer = 0; layer < 4; ++layer) {
    std::shared_ptr<arrow::DataType> inner;
    switch (value.type->id()) {
      case Type::DICTIONARY:
        inner = checked_cast<const arrow::DictionaryType&>(*value.type).value_type();
        break;
      case Type::EXTENSION:
        inner = checked_cast<const arrow::ExtensionType&>(*value.type).storage_type();
        break;
      case Type::HALF_FLOAT: inner = arrow::float32(); break;
      default: return value;
    }
    const bool dictionary_of_views =
        value.type->id() == Type::DICTIONARY && arrow::is_binary_view_like(inner->id());
    if (dictionary_of_views || !cp::CanCast(*value.type, *inner)) {
      return ErrorAt(input, ErrorCode::kNotImplemented, value.offset,
                     fmt::format("values of type {} cannot be compared yet: store them as {}",
                                 value.type->ToString(), "plain values"));
    }
    value = CastTo(std::move(value), inner);
  }
  return value;
}

Result<std::shared_ptr<arrow::Scalar>> Compute(const cp::Expression& constant) {
  ARROW_ASSIGN_OR_RAISE(const auto bound, constant.Bind(arrow::Schema({})));
  ARROW_ASSIGN_OR_RAISE(const auto datum,
                        cp::ExecuteScalarExpression(bound, cp::ExecBatch({}, /*length=*/1)));
  if (!datum.is_scalar()) return Status::Invalid("not a constant");
  return NormalizeLiteral(datum.scalar());
}

Result<Typed> Call(const InputText& input, std::string function, std::vector<Typed> arguments,
                   std::shared_ptr<arrow::DataType> type, size_t offset) {
  const bool constant = std::all_of(arguments.begin(), arguments.end(), [](const Typed& argument) {
    return argument.literal() != nullptr;
  });
  std::vector<cp::Expression> expressions;
  expressions.reserve(arguments.size());
  for (Typed& argument : arguments) expressions.push_back(std::move(argument.expr));
  Typed result{cp::call(std::move(function), std::move(expressions)), std::move(type), offset};
  if (!constant) return result;
  auto computed = Compute(result.expr);
  if (!computed.ok()) {
    return ErrorAt(input, ErrorCode::kInvalidArgument, offset,
                   fmt::format("this cannot be computed: {}", computed.status().message()));
  }
  // A null keeps its type where that is known: `null > 1` is a boolean.
  if (!(*computed)->is_valid) *computed = arrow::MakeNullScalar(result.type);
  return LiteralOf(std::move(*computed), offset);
}

}  // namespace headrace::expr
