#include "expr/filter.h"

#include <algorithm>
#include <map>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>
#include <fmt/format.h>

#include "expr/binder.h"
#include "expr/column_ref.h"
#include "expr/filter_parser.h"
#include "expr/unbind.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;
using Expression = cp::Expression;

/// Columns by their index in the schema that the filter was bound to.
using Parameters = std::map<int, std::vector<const Expression*>>;

Status Initialize() {
  static const Status initialized = cp::Initialize();
  return initialized;
}

void Collect(const Expression& expression, Parameters* found) {
  if (const auto* parameter = expression.parameter()) {
    const int index = parameter->indices.size() > 0 ? parameter->indices[0] : -1;
    (*found)[index].push_back(&expression);
  } else if (const auto* call = expression.call()) {
    for (const Expression& argument : call->arguments) Collect(argument, found);
  }
}

/// The batch's column that a reference means, checked to be what the filter was bound to.
Result<std::shared_ptr<arrow::Array>> ColumnFor(const Expression& reference,
                                                const arrow::RecordBatch& batch) {
  const auto& parameter = *reference.parameter();
  const InputText input{.what = "filter"};
  const auto path = PathOf(parameter.ref);
  ARROW_ASSIGN_OR_RAISE(const Typed found,
                        ResolveColumn(input, *batch.schema(), path, false, kNoOffset));
  const auto match = found.expr.field_ref()->FindOne(*batch.schema());
  const auto& expected = parameter.indices;
  bool same =
      match.ok() && parameter.type == *found.type && match->indices().size() == expected.size();
  for (size_t i = 1; same && i < expected.size(); ++i) {
    same = match->indices()[i] == expected[i];
  }
  if (!same) {
    return MakeError(
        ErrorCode::kTypeMismatch,
        fmt::format("filter: column '{}' is {} in the batch, and {} in the filter",
                    fmt::join(path, "."), found.type->ToString(), parameter.type.ToString()),
        {"filter"});
  }
  return batch.column(match->indices()[0]);
}

/// The batch's columns where the bound filter looks for them; what it does not read stays empty.
Result<cp::ExecBatch> InputOf(const Expression& filter, const arrow::RecordBatch& batch) {
  Parameters parameters;
  Collect(filter, &parameters);
  std::vector<arrow::Datum> values;
  for (const auto& [index, references] : parameters) {
    if (index < 0) return MakeError(ErrorCode::kInternal, "filter: a reference is not bound");
    values.resize(static_cast<size_t>(index) + 1,
                  arrow::Datum(std::make_shared<arrow::NullScalar>()));
    std::vector<const arrow::FieldRef*> seen;
    for (const Expression* reference : references) {
      // A column may be read thousands of times, mostly by one name.
      const auto* ref = reference->field_ref();
      if (!seen.empty() && *seen.back() == *ref) continue;
      seen.push_back(ref);
      ARROW_ASSIGN_OR_RAISE(values.back(), ColumnFor(*reference, batch));
    }
  }
  return cp::ExecBatch(std::move(values), batch.num_rows());
}

/// Arrow's errors say what happened, and not where.
Status Located(const Status& status) {
  const ErrorCode code = CodeOf(status);
  if (status.ok() || code == ErrorCode::kMemoryLimit || !LocationOf(status).empty()) return status;
  return MakeError(code, fmt::format("filter: a row cannot be computed: {}", status.message()),
                   {"filter"});
}

Result<std::shared_ptr<arrow::BooleanArray>> Evaluate(const Expression& filter,
                                                      const arrow::RecordBatch& batch,
                                                      arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const cp::ExecBatch input, InputOf(filter, batch));
  cp::ExecContext context(pool);
  ARROW_ASSIGN_OR_RAISE(arrow::Datum result, cp::ExecuteScalarExpression(filter, input, &context));
  std::shared_ptr<arrow::Array> mask;
  if (result.is_scalar()) {
    ARROW_ASSIGN_OR_RAISE(mask,
                          arrow::MakeArrayFromScalar(*result.scalar(), batch.num_rows(), pool));
  } else {
    mask = result.make_array();
  }
  if (mask->type_id() != arrow::Type::BOOL) {
    return MakeError(ErrorCode::kTypeMismatch,
                     fmt::format("filter: {} is no condition", mask->type()->ToString()),
                     {"filter"});
  }
  return arrow::internal::checked_pointer_cast<arrow::BooleanArray>(std::move(mask));
}

}  // namespace

Result<Expression> ParseFilter(std::string_view text, const arrow::Schema& schema) {
  ARROW_RETURN_NOT_OK(Initialize());
  const InputText input{.what = "filter", .text = text};
  ARROW_RETURN_NOT_OK(CheckText(input, kMaxTextBytes));
  ARROW_ASSIGN_OR_RAISE(const NodePtr node, ParseNodes(input, kMaxDepth));
  return BindNodes(input, *node, schema);
}

Result<Expression> BindFilter(const Expression& filter, const arrow::Schema& schema) {
  ARROW_RETURN_NOT_OK(Initialize());
  const InputText input{.what = "filter"};
  if (!filter.is_valid()) {
    return ErrorAt(input, ErrorCode::kInvalidArgument, kNoOffset, "the expression is empty");
  }
  ARROW_ASSIGN_OR_RAISE(const NodePtr node, Unbind(input, filter, {.schema = &schema}));
  return BindNodes(input, *node, schema);
}

std::vector<std::string> ColumnsOf(const Expression& filter) {
  Parameters parameters;
  Collect(filter, &parameters);
  std::vector<std::string> names;
  for (const auto& [index, references] : parameters) {
    names.push_back(PathOf(references[0]->parameter()->ref)[0]);
  }
  return names;
}

std::vector<Expression> SplitConjuncts(const Expression& filter) {
  std::vector<Expression> terms;
  std::vector<Expression> waiting = {filter};
  while (!waiting.empty()) {
    const Expression next = std::move(waiting.back());
    waiting.pop_back();
    const auto* call = next.call();
    if (call != nullptr && call->function_name == "and_kleene") {
      waiting.insert(waiting.end(), call->arguments.rbegin(), call->arguments.rend());
    } else {
      terms.push_back(next);
    }
  }
  return terms;
}

Result<std::shared_ptr<arrow::BooleanArray>> FilterMask(const Expression& filter,
                                                        const arrow::RecordBatch& batch,
                                                        arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(Initialize());
  auto mask = Evaluate(filter, batch, pool);
  if (!mask.ok()) return Located(mask.status());
  return mask;
}

}  // namespace headrace::expr
