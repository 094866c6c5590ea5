#include "scan/plan_request.h"

#include <algorithm>
#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "expr/filter.h"
#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace::scan {
namespace {

Status UnknownColumn(const std::string& name, const arrow::Schema& schema) {
  return MakeError(
      ErrorCode::kUnknownName,
      fmt::format("there is no column '{}'{}", name, NameHint(name, schema.field_names())),
      {"columns", name});
}

class Planner {
 public:
  explicit Planner(const arrow::Schema& schema) : schema_(schema) {}

  Status AddFilter(const arrow::compute::Expression& filter) {
    for (const auto& conjunct : expr::SplitConjuncts(filter)) {
      ReadPlan::Conjunct planned;
      arrow::FieldVector fields;
      for (const std::string& name : expr::ColumnsOf(conjunct)) {
        ARROW_ASSIGN_OR_RAISE(const int position, Add(name));
        planned.fields.push_back(position);
        fields.push_back(plan_->fields[static_cast<size_t>(position)]);
      }
      ARROW_ASSIGN_OR_RAISE(planned.expression,
                            expr::BindFilter(conjunct, *arrow::schema(std::move(fields))));
      plan_->filter.push_back(std::move(planned));
    }
    plan_->num_filter = static_cast<int>(plan_->fields.size());
    plan_->alone.assign(plan_->fields.size(), true);
    for (const ReadPlan::Conjunct& conjunct : plan_->filter) {
      if (conjunct.fields.size() == 1) continue;
      for (const int field : conjunct.fields) plan_->alone[static_cast<size_t>(field)] = false;
    }
    return Status::OK();
  }

  Status AddOutput(const std::vector<std::string>& names,
                   const std::vector<std::string>& by_dictionary) {
    arrow::FieldVector fields;
    for (const std::string& name : names) {
      ARROW_ASSIGN_OR_RAISE(const int position, Add(name));
      if (std::find(plan_->output.begin(), plan_->output.end(), position) != plan_->output.end()) {
        return MakeError(ErrorCode::kInvalidArgument,
                         fmt::format("the column '{}' is asked for twice", name),
                         {"columns", name});
      }
      plan_->output.push_back(position);
      auto field = plan_->fields[static_cast<size_t>(position)];
      if (field->type()->id() == arrow::Type::STRING &&
          std::find(by_dictionary.begin(), by_dictionary.end(), name) != by_dictionary.end()) {
        field = field->WithType(arrow::dictionary(arrow::int32(), arrow::utf8()));
      }
      fields.push_back(std::move(field));
    }
    plan_->schema = arrow::schema(std::move(fields));
    return Status::OK();
  }

  Status AddRowNumbers(const std::string& name) {
    if (plan_->schema->GetFieldIndex(name) >= 0) {
      return MakeError(ErrorCode::kInvalidArgument,
                       fmt::format("a column '{}' is there: number the rows by another name", name),
                       {"row_number_column"});
    }
    plan_->row_numbers = static_cast<int>(plan_->fields.size());
    plan_->fields.push_back(arrow::field(name, arrow::int64(), false));
    plan_->output.push_back(plan_->row_numbers);
    return plan_->schema->AddField(plan_->schema->num_fields(), plan_->fields.back())
        .Value(&plan_->schema);
  }

  std::shared_ptr<const ReadPlan> Finish() { return std::move(plan_); }

 private:
  Result<int> Add(const std::string& name) {
    const int index = schema_.GetFieldIndex(name);
    if (index < 0) return UnknownColumn(name, schema_);
    for (size_t i = 0; i < plan_->fields.size(); ++i) {
      if (plan_->fields[i]->name() == name) return static_cast<int>(i);
    }
    plan_->fields.push_back(schema_.field(index));
    return static_cast<int>(plan_->fields.size()) - 1;
  }

  const arrow::Schema& schema_;
  std::shared_ptr<ReadPlan> plan_ = std::make_shared<ReadPlan>();
};

}  // namespace

Result<std::shared_ptr<const ReadPlan>> PlanRequest(const ReadRequest& request,
                                                    const arrow::Schema& schema) {
  Planner planner(schema);
  if (request.filter != nullptr) ARROW_RETURN_NOT_OK(planner.AddFilter(*request.filter));
  ARROW_RETURN_NOT_OK(planner.AddOutput(request.columns.value_or(schema.field_names()),
                                        request.dictionary_columns));
  if (!request.row_number_column.empty()) {
    ARROW_RETURN_NOT_OK(planner.AddRowNumbers(request.row_number_column));
  }
  return planner.Finish();
}

}  // namespace headrace::scan
