#include <array>
#include <span>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_binary.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/expression.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "expr/filter.h"
#include "expr/outcomes.h"
#include "headrace/error_code.h"
#include "headrace/streaming_adaptive.h"

namespace headrace {
namespace {

namespace cp = arrow::compute;

struct Operator {
  std::string_view text;
  const char* function;
};
constexpr std::array kOperators = {
    Operator{"==", "equal"},         Operator{"=", "equal"},       Operator{"eq", "equal"},
    Operator{"!=", "not_equal"},     Operator{"neq", "not_equal"}, Operator{"<", "less"},
    Operator{"lt", "less"},          Operator{"<=", "less_equal"}, Operator{"le", "less_equal"},
    Operator{">", "greater"},        Operator{"gt", "greater"},    Operator{">=", "greater_equal"},
    Operator{"ge", "greater_equal"},
};

Result<std::shared_ptr<arrow::RecordBatch>> Select(
    const cp::Expression& filter, const std::shared_ptr<arrow::RecordBatch>& batch) {
  auto* pool = arrow::default_memory_pool();
  ARROW_ASSIGN_OR_RAISE(const auto mask, expr::FilterMask(filter, *batch, pool));
  ARROW_ASSIGN_OR_RAISE(const auto rows, cp::Filter(batch, mask));
  return rows.record_batch();
}

}  // namespace

Result<std::shared_ptr<const cp::Expression>> PredicatePushdown::Filter(
    const arrow::Schema&) const {
  return nullptr;
}

ColumnFilterPredicate::ColumnFilterPredicate(std::shared_ptr<const cp::Expression> condition)
    : condition_(std::move(condition)) {}

Result<std::shared_ptr<ColumnFilterPredicate>> ColumnFilterPredicate::Make(
    std::string column, std::vector<std::string> values) {
  if (values.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("the predicate on '{}' needs a value", column), {"values"});
  }
  arrow::StringBuilder builder;
  ARROW_RETURN_NOT_OK(builder.AppendValues(values));
  ARROW_ASSIGN_OR_RAISE(const auto set, builder.Finish());
  auto condition = std::make_shared<cp::Expression>(
      cp::call("is_in", {cp::field_ref(std::move(column))}, cp::SetLookupOptions(set)));
  return std::shared_ptr<ColumnFilterPredicate>(new ColumnFilterPredicate(std::move(condition)));
}

Result<std::shared_ptr<ColumnFilterPredicate>> ColumnFilterPredicate::Make(
    std::string column, std::string_view op, std::shared_ptr<arrow::Scalar> value) {
  if (value == nullptr) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("the predicate on '{}' needs a value", column), {"value"});
  }
  std::string known;
  for (const Operator& candidate : kOperators) {
    if (candidate.text == op) {
      auto test = std::make_shared<cp::Expression>(
          cp::call(candidate.function, {cp::field_ref(std::move(column)), cp::literal(value)}));
      return std::shared_ptr<ColumnFilterPredicate>(new ColumnFilterPredicate(std::move(test)));
    }
    known += fmt::format(" {}", candidate.text);
  }
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("there is no operator '{}'; there are{}", op, known), {"op"});
}

Result<std::shared_ptr<const cp::Expression>> ColumnFilterPredicate::Filter(
    const arrow::Schema& schema) const {
  ARROW_ASSIGN_OR_RAISE(auto bound, expr::BindFilter(*condition_, schema));
  return std::make_shared<const cp::Expression>(std::move(bound));
}

Result<std::shared_ptr<arrow::RecordBatch>> ColumnFilterPredicate::Apply(
    const std::shared_ptr<arrow::RecordBatch>& batch) const {
  ARROW_ASSIGN_OR_RAISE(const auto filter, Filter(*batch->schema()));
  return Select(*filter, batch);
}

bool ColumnFilterPredicate::ShouldSkipRowGroup(const RowGroupStatistics& statistics) const {
  if (statistics.schema == nullptr) return false;
  const auto filter = Filter(*statistics.schema);
  if (!filter.ok()) return false;
  std::map<std::string, expr::ColumnFacts> facts;
  for (const auto& [name, column] : statistics.columns) {
    facts[name] = {.num_rows = statistics.num_rows,
                   .null_count = column.null_count,
                   .min = column.min,
                   .max = column.max};
  }
  const auto outcomes = expr::PossibleOutcomes(
      **filter, [&](std::span<const std::string> path) -> const expr::ColumnFacts* {
        const auto known = path.size() == 1 ? facts.find(path.front()) : facts.end();
        return known == facts.end() ? nullptr : &known->second;
      });
  return !outcomes.Has(expr::Outcomes::kTrue);
}

AndPredicate::AndPredicate(std::vector<std::shared_ptr<const PredicatePushdown>> parts)
    : parts_(std::move(parts)) {}

Result<std::shared_ptr<AndPredicate>> AndPredicate::Make(
    std::vector<std::shared_ptr<const PredicatePushdown>> parts) {
  if (parts.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "an AndPredicate needs a part", {"parts"});
  }
  return std::shared_ptr<AndPredicate>(new AndPredicate(std::move(parts)));
}

bool AndPredicate::ShouldSkipRowGroup(const RowGroupStatistics& statistics) const {
  for (const auto& part : parts_) {
    if (part->ShouldSkipRowGroup(statistics)) return true;
  }
  return false;
}

Result<std::shared_ptr<arrow::RecordBatch>> AndPredicate::Apply(
    const std::shared_ptr<arrow::RecordBatch>& batch) const {
  auto rows = batch;
  for (const auto& part : parts_) {
    ARROW_ASSIGN_OR_RAISE(rows, part->Apply(rows));
  }
  return rows;
}

Result<std::shared_ptr<const cp::Expression>> AndPredicate::Filter(
    const arrow::Schema& schema) const {
  std::vector<cp::Expression> filters;
  for (const auto& part : parts_) {
    ARROW_ASSIGN_OR_RAISE(const auto filter, part->Filter(schema));
    if (filter == nullptr) return nullptr;
    filters.push_back(*filter);
  }
  ARROW_ASSIGN_OR_RAISE(auto bound, expr::BindFilter(cp::and_(std::move(filters)), schema));
  return std::make_shared<const cp::Expression>(std::move(bound));
}

}  // namespace headrace
