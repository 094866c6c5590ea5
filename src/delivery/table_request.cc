#include "delivery/table_request.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <thread>
#include <utility>

#include <arrow/compute/expression.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "expr/aggregate.h"
#include "expr/filter.h"
#include "headrace/error_code.h"
#include "shape/aggregate.h"
#include "shape/filter.h"
#include "shape/limit.h"
#include "shape/select.h"

namespace headrace::delivery {
namespace {

using Reader = std::shared_ptr<arrow::RecordBatchReader>;
using Filter = std::shared_ptr<const arrow::compute::Expression>;

Status CheckNotNegative(int64_t value, const char* name) {
  if (value >= 0) return Status::OK();
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("{} is at least 0, not {}", name, value), {name});
}

Result<Filter> BindFilters(const TableRequest& request, const arrow::Schema& schema) {
  if (request.filter.empty()) return request.bound_filter;
  ARROW_ASSIGN_OR_RAISE(auto parsed, expr::ParseFilter(request.filter, schema));
  if (request.bound_filter != nullptr) {
    ARROW_ASSIGN_OR_RAISE(
        parsed, expr::BindFilter(arrow::compute::and_(*request.bound_filter, parsed), schema));
  }
  return std::make_shared<const arrow::compute::Expression>(std::move(parsed));
}

Result<shape::AggregatePlan> PlanGroups(const TableRequest& request, const arrow::Schema& schema) {
  shape::AggregatePlan plan{.keys = request.group_by};
  if (!request.aggregates.empty()) {
    ARROW_ASSIGN_OR_RAISE(plan.aggregates, expr::ParseAggregates(request.aggregates, schema));
  }
  ARROW_RETURN_NOT_OK(shape::AggregateSchema(schema, plan));
  return plan;
}

void AddName(const std::string& name, std::vector<std::string>* names) {
  if (std::find(names->begin(), names->end(), name) == names->end()) names->push_back(name);
}

/// The columns that are grouped; strings that are keys by dictionary, which is half of the work.
void PushGroups(const shape::AggregatePlan& plan, const arrow::Schema& schema,
                ReadRequest* pushed) {
  std::vector<std::string>& columns = pushed->columns.emplace();
  for (const std::string& key : plan.keys) {
    AddName(key, &columns);
    if (schema.GetFieldByName(key)->type()->id() == arrow::Type::STRING) {
      pushed->dictionary_columns.push_back(key);
    }
  }
  for (const expr::Aggregate& aggregate : plan.aggregates) {
    if (!aggregate.column.empty()) AddName(aggregate.column, &columns);
  }
  pushed->ordered = shape::NeedsOrder(plan);
  if (!pushed->ordered) {
    pushed->num_readers = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
}

/// All columns that a source has to give for a filter to be applied behind it.
std::optional<std::vector<std::string>> ColumnsWithThoseOf(const ReadRequest& pushed) {
  auto columns = pushed.columns;
  if (!columns) return columns;
  for (const std::string& name : expr::ColumnsOf(*pushed.filter)) AddName(name, &*columns);
  return columns;
}

std::vector<Reader> ReadersOf(OpenedSource opened) {
  std::vector<Reader> readers = {std::move(opened.reader)};
  std::move(opened.more_readers.begin(), opened.more_readers.end(), std::back_inserter(readers));
  return readers;
}

/// Rows that the filter was applied to, by the source or behind it.
Result<OpenedSource> OpenFiltered(Source& source, const ReadRequest& pushed,
                                  arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(OpenedSource opened, source.Open(pushed));
  if (pushed.filter == nullptr || opened.filter_applied) return opened;
  // A limit comes behind the filter, and the filter has columns of its own: again without either.
  ReadRequest plain = pushed;
  plain.filter = nullptr;
  plain.limit = std::nullopt;
  plain.columns = ColumnsWithThoseOf(pushed);
  plain.dictionary_columns.clear();
  ARROW_RETURN_NOT_OK(opened.reader->Close());
  ARROW_ASSIGN_OR_RAISE(opened, source.Open(plain));
  // The source may have got columns since its schema was asked for.
  ARROW_ASSIGN_OR_RAISE(auto bound, expr::BindFilter(*pushed.filter, *opened.reader->schema()));
  const auto filter = std::make_shared<arrow::compute::Expression>(std::move(bound));
  OpenedSource filtered;
  for (Reader& reader : ReadersOf(std::move(opened))) {
    ARROW_ASSIGN_OR_RAISE(reader, shape::Filter(std::move(reader), filter, pool));
    filtered.more_readers.push_back(std::move(reader));
  }
  filtered.reader = std::move(filtered.more_readers.front());
  filtered.more_readers.erase(filtered.more_readers.begin());
  return filtered;
}

/// One row for each group, all of them.
Result<Reader> OpenGroups(Source& source, const TableRequest& request, const ReadRequest& pushed,
                          arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(OpenedSource opened, OpenFiltered(source, pushed, pool));
  ARROW_ASSIGN_OR_RAISE(const auto plan, PlanGroups(request, *opened.reader->schema()));
  shape::AggregateOptions options;
  if (pushed.filter == nullptr) options.num_rows = source.statistics().num_rows;
  return shape::Aggregate(ReadersOf(std::move(opened)), plan, pool, options);
}

}  // namespace

bool Groups(const TableRequest& request) {
  return !request.group_by.empty() || !request.aggregates.empty();
}

Result<ReadRequest> PushDown(const TableRequest& request, const arrow::Schema& schema) {
  ARROW_RETURN_NOT_OK(CheckNotNegative(request.offset, "offset"));
  ARROW_RETURN_NOT_OK(CheckNotNegative(request.limit.value_or(0), "limit"));
  ReadRequest pushed{.columns = request.columns, .ordered = request.ordered};
  ARROW_ASSIGN_OR_RAISE(pushed.filter, BindFilters(request, schema));
  if (Groups(request)) {
    ARROW_ASSIGN_OR_RAISE(const auto plan, PlanGroups(request, schema));
    PushGroups(plan, schema, &pushed);
  } else if (request.limit &&
             *request.limit <= std::numeric_limits<int64_t>::max() - request.offset) {
    pushed.limit = request.offset + *request.limit;
  }
  return pushed;
}

Result<Reader> OpenTable(Source& source, const TableRequest& request, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const ReadRequest pushed, PushDown(request, *source.schema()));
  if (Groups(request)) {
    ARROW_ASSIGN_OR_RAISE(Reader groups, OpenGroups(source, request, pushed, pool));
    ARROW_ASSIGN_OR_RAISE(groups, shape::Limit(std::move(groups), request.offset, request.limit));
    return request.columns ? shape::Select(std::move(groups), *request.columns) : groups;
  }
  ARROW_ASSIGN_OR_RAISE(OpenedSource opened, OpenFiltered(source, pushed, pool));
  Reader reader = std::move(opened.reader);
  if (request.offset > 0 || !opened.limit_applied) {
    ARROW_ASSIGN_OR_RAISE(reader, shape::Limit(std::move(reader), request.offset, request.limit));
  }
  if (request.columns && !opened.columns_applied) {
    ARROW_ASSIGN_OR_RAISE(reader, shape::Select(std::move(reader), *request.columns));
  }
  return reader;
}

}  // namespace headrace::delivery
