#include "delivery/row_choice.h"

#include <utility>

#include <arrow/compute/cast.h>
#include <arrow/compute/expression.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "expr/filter.h"
#include "expr/literal.h"
#include "expr/token.h"
#include "headrace/error_code.h"

namespace headrace::delivery {
namespace {

namespace cp = arrow::compute;

Status Refuse(const char* member, std::string message) {
  return MakeError(ErrorCode::kInvalidArgument, std::move(message), {member});
}

bool IsNumber(const std::string& text) {
  const auto tokens = expr::Tokenize({.what = "number", .text = text});
  if (!tokens.ok()) return false;
  const size_t sign = tokens->front().IsSymbol("-") ? 1 : 0;
  return tokens->size() == sign + 2 && (*tokens)[sign].kind == expr::TokenKind::kNumber;
}

/// An integer as an instant of the column: so many of its unit since its beginning.
Result<std::shared_ptr<arrow::Scalar>> InUnitsOf(const std::shared_ptr<arrow::DataType>& type,
                                                 const std::string& text) {
  const auto number = expr::ParseNumber(text);
  if (number->type->id() != arrow::Type::INT64) {
    return MakeError(ErrorCode::kTypeMismatch,
                     fmt::format("'{}' is no whole number of units of {}", text, type->ToString()));
  }
  const bool narrow = type->id() == arrow::Type::DATE32 || type->id() == arrow::Type::TIME32;
  ARROW_ASSIGN_OR_RAISE(arrow::Datum value,
                        cp::Cast(number, narrow ? arrow::int32() : number->type));
  ARROW_ASSIGN_OR_RAISE(value, cp::Cast(value, type));
  return value.scalar();
}

/// x >= text, or x < text.
Result<cp::Expression> Compared(const arrow::Field& x, const char* comparison,
                                const std::string& text, const arrow::Schema& schema) {
  const bool number = IsNumber(text);
  if (number && arrow::is_temporal(x.type()->id())) {
    ARROW_ASSIGN_OR_RAISE(auto scalar, InUnitsOf(x.type(), text));
    const auto ref = cp::field_ref(arrow::FieldRef(x.name()));
    const auto value = cp::literal(std::move(scalar));
    return expr::BindFilter(
        *comparison == '<' ? cp::less(ref, value) : cp::greater_equal(ref, value), schema);
  }
  const std::string literal = number ? text : expr::QuotedString(text);
  return expr::ParseFilter(fmt::format("{} {} {}", expr::QuotedName(x.name()), comparison, literal),
                           schema);
}

Result<cp::Expression> Bound(const char* member, const arrow::Field& x, const char* comparison,
                             const std::string& text, const arrow::Schema& schema) {
  auto bound = Compared(x, comparison, text, schema);
  if (bound.ok()) return bound;
  return MakeError(CodeOf(bound.status()),
                   fmt::format("{}: '{}' is no value of x, which is {}: {}", member, text,
                               x.type()->ToString(), bound.status().message()),
                   {member});
}

}  // namespace

bool IsAsked(const SampleRequest& request) { return request.rows || request.fraction; }
bool IsAsked(const DownsampleRequest& request) { return !request.method.empty(); }

Status Validate(const SampleRequest& sample, const DownsampleRequest& downsample) {
  if (sample.rows && sample.fraction) {
    return Refuse("fraction", "sample and fraction say the same in two ways: give one of them");
  }
  if (!IsAsked(sample) && (sample.seed || sample.stratify)) {
    return Refuse(sample.seed ? "seed" : "stratify",
                  "seed and stratify go with sample or fraction");
  }
  if (IsAsked(downsample)) {
    if (IsAsked(sample)) {
      return Refuse("downsample", "rows are either sampled or downsampled, not both");
    }
    if (downsample.x.empty()) return Refuse("x", "downsample needs x: the column of the axis");
    if (downsample.y.empty()) return Refuse("y", "downsample needs y: one or more columns");
    return Status::OK();
  }
  const std::pair<const char*, bool> members[] = {{"x", !downsample.x.empty()},
                                                  {"y", !downsample.y.empty()},
                                                  {"points", downsample.points.has_value()},
                                                  {"from", downsample.from.has_value()},
                                                  {"to", downsample.to.has_value()},
                                                  {"by", downsample.by.has_value()}};
  for (const auto& [member, given] : members) {
    if (given) return Refuse(member, fmt::format("{} goes with downsample", member));
  }
  return Status::OK();
}

shape::SamplePlan PlanOf(const SampleRequest& request) {
  return {.rows = request.rows,
          .fraction = request.fraction,
          .seed = request.seed.value_or(0),
          .stratify = request.stratify};
}

Result<shape::DownsamplePlan> PlanOf(const DownsampleRequest& request) {
  ARROW_ASSIGN_OR_RAISE(const auto method, shape::ParseDownsampleMethod(request.method));
  return shape::DownsamplePlan{.method = method,
                               .x = request.x,
                               .y = request.y,
                               .points = request.points.value_or(kDefaultPoints),
                               .by = request.by};
}

Result<std::shared_ptr<const cp::Expression>> RangeOf(const DownsampleRequest& request,
                                                      const arrow::Schema& schema) {
  if (!request.from && !request.to) return nullptr;
  ARROW_ASSIGN_OR_RAISE(const auto plan, PlanOf(request));
  ARROW_RETURN_NOT_OK(shape::DownsampleSchema(schema, plan));  // names x, and says what x can be
  const auto x = schema.GetFieldByName(request.x);
  std::vector<cp::Expression> bounds;
  if (request.from) {
    ARROW_ASSIGN_OR_RAISE(auto from, Bound("from", *x, ">=", *request.from, schema));
    bounds.push_back(std::move(from));
  }
  if (request.to) {
    ARROW_ASSIGN_OR_RAISE(auto to, Bound("to", *x, "<", *request.to, schema));
    bounds.push_back(std::move(to));
  }
  ARROW_ASSIGN_OR_RAISE(auto range, expr::BindFilter(cp::and_(bounds), schema));
  return std::make_shared<const cp::Expression>(std::move(range));
}

}  // namespace headrace::delivery
