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
#include "expr/order.h"
#include "headrace/error_code.h"
#include "shape/aggregate.h"
#include "shape/filter.h"
#include "shape/limit.h"
#include "shape/order_by.h"
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

/// Rows that are put in order only to be charted, which has an order of its own.
Status CheckOrder(const TableRequest& request) {
  if (request.order_by.empty() || !IsAsked(request.downsample)) return Status::OK();
  if (request.limit || request.offset > 0) return Status::OK();
  return MakeError(ErrorCode::kInvalidArgument,
                   "order_by in front of downsample goes with limit or offset: a chart's rows come "
                   "in the order of x",
                   {"order_by"});
}

/// Whether the range of a chart's x may be a filter in front of all.
bool PushesRange(const TableRequest& request) {
  return !Groups(request) && !request.limit && request.offset == 0;
}

Result<Filter> BindRange(const TableRequest& request, const arrow::Schema& schema, Filter filter) {
  ARROW_ASSIGN_OR_RAISE(const Filter range, RangeOf(request.downsample, schema));
  if (range == nullptr) return filter;
  if (filter == nullptr) return range;
  ARROW_ASSIGN_OR_RAISE(auto both, expr::BindFilter(arrow::compute::and_(*filter, *range), schema));
  return std::make_shared<const arrow::compute::Expression>(std::move(both));
}

/// The columns that are given, and those by which rows are put in order or chosen.
Status PushColumns(const TableRequest& request, const arrow::Schema& schema, ReadRequest* pushed) {
  if (IsAsked(request.downsample)) {
    ARROW_ASSIGN_OR_RAISE(const auto plan, PlanOf(request.downsample));
    ARROW_ASSIGN_OR_RAISE(const auto charted, shape::DownsampleSchema(schema, plan));
    pushed->columns = charted->field_names();
    const bool text = plan.by && charted->fields().back()->type()->id() == arrow::Type::STRING;
    if (text && request.order_by.empty()) pushed->dictionary_columns = {*plan.by};
  }
  if (!pushed->columns) return Status::OK();
  if (!request.order_by.empty()) {
    ARROW_ASSIGN_OR_RAISE(const auto keys, expr::ParseOrder(request.order_by, schema));
    for (const auto& key : keys) AddName(key.column, &*pushed->columns);
  }
  if (request.sample.stratify) AddName(*request.sample.stratify, &*pushed->columns);
  return Status::OK();
}

Result<Reader> PutInOrder(Reader reader, const TableRequest& request,
                          std::optional<int64_t> num_rows, arrow::MemoryPool* pool) {
  if (request.order_by.empty()) return reader;
  ARROW_ASSIGN_OR_RAISE(const auto keys, expr::ParseOrder(request.order_by, *reader->schema()));
  shape::OrderOptions options{.num_rows = num_rows};
  if (request.limit && *request.limit <= std::numeric_limits<int64_t>::max() - request.offset) {
    options.limit = request.offset + *request.limit;
  }
  return shape::OrderBy(std::move(reader), keys, pool, options);
}

/// A sample of the rows, or those of a chart.
Result<Reader> Choose(Reader reader, const TableRequest& request, arrow::MemoryPool* pool) {
  if (IsAsked(request.sample))
    return shape::Sample(std::move(reader), PlanOf(request.sample), pool);
  if (!IsAsked(request.downsample)) return reader;
  ARROW_ASSIGN_OR_RAISE(const auto plan, PlanOf(request.downsample));
  if (!PushesRange(request)) {
    ARROW_ASSIGN_OR_RAISE(Filter range, RangeOf(request.downsample, *reader->schema()));
    if (range != nullptr) {
      ARROW_ASSIGN_OR_RAISE(reader, shape::Filter(std::move(reader), std::move(range), pool));
    }
  }
  return shape::Downsample(std::move(reader), plan, pool);
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

bool Chooses(const TableRequest& request) {
  return IsAsked(request.sample) || IsAsked(request.downsample);
}

Result<ReadRequest> PushDown(const TableRequest& request, const arrow::Schema& schema) {
  ARROW_RETURN_NOT_OK(CheckNotNegative(request.offset, "offset"));
  ARROW_RETURN_NOT_OK(CheckNotNegative(request.limit.value_or(0), "limit"));
  ARROW_RETURN_NOT_OK(Validate(request.sample, request.downsample));
  ARROW_RETURN_NOT_OK(CheckOrder(request));
  ReadRequest pushed{.columns = request.columns,
                     .ordered = request.ordered || IsAsked(request.sample)};
  ARROW_ASSIGN_OR_RAISE(pushed.filter, BindFilters(request, schema));
  if (PushesRange(request)) {
    ARROW_ASSIGN_OR_RAISE(pushed.filter, BindRange(request, schema, std::move(pushed.filter)));
  }
  if (Groups(request)) {
    ARROW_ASSIGN_OR_RAISE(const auto plan, PlanGroups(request, schema));
    PushGroups(plan, schema, &pushed);
    return pushed;
  }
  ARROW_RETURN_NOT_OK(PushColumns(request, schema, &pushed));
  if (request.order_by.empty() && request.limit &&
      *request.limit <= std::numeric_limits<int64_t>::max() - request.offset) {
    pushed.limit = request.offset + *request.limit;
  }
  return pushed;
}

Result<Reader> OpenTable(Source& source, const TableRequest& request, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const ReadRequest pushed, PushDown(request, *source.schema()));
  Reader reader;
  bool counted = false;  // the limit is applied
  bool selected = false;
  std::optional<int64_t> num_rows;
  if (Groups(request)) {
    ARROW_ASSIGN_OR_RAISE(reader, OpenGroups(source, request, pushed, pool));
  } else {
    ARROW_ASSIGN_OR_RAISE(OpenedSource opened, OpenFiltered(source, pushed, pool));
    reader = std::move(opened.reader);
    counted = opened.limit_applied && pushed.limit && request.offset == 0;
    selected = opened.columns_applied && pushed.columns == request.columns;
    if (pushed.filter == nullptr) num_rows = source.statistics().num_rows;
  }
  ARROW_ASSIGN_OR_RAISE(reader, PutInOrder(std::move(reader), request, num_rows, pool));
  if (!counted) {
    ARROW_ASSIGN_OR_RAISE(reader, shape::Limit(std::move(reader), request.offset, request.limit));
  }
  ARROW_ASSIGN_OR_RAISE(reader, Choose(std::move(reader), request, pool));
  if (!request.columns || (selected && !IsAsked(request.downsample))) return reader;
  return shape::Select(std::move(reader), *request.columns);
}

}  // namespace headrace::delivery
