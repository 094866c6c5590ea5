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

#include "delivery/opened_rows.h"
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

bool GivesRowsAsTheyAre(const TableRequest& request) {
  return request.filter.empty() && request.bound_filter == nullptr && request.order_by.empty() &&
         !Groups(request) && !Chooses(request);
}

Result<ReadRequest> PushDown(const TableRequest& request, const arrow::Schema& schema) {
  ARROW_RETURN_NOT_OK(CheckNotNegative(request.offset, "offset"));
  ARROW_RETURN_NOT_OK(CheckNotNegative(request.limit.value_or(0), "limit"));
  ARROW_RETURN_NOT_OK(CheckNotNegative(request.start_row, "start_row"));
  ARROW_RETURN_NOT_OK(Validate(request.sample, request.downsample));
  ARROW_RETURN_NOT_OK(CheckOrder(request));
  ReadRequest pushed{.columns = request.columns,
                     .start_row = request.start_row,
                     .row_number_column = request.row_number_column,
                     .ordered = request.ordered || IsAsked(request.sample),
                     .stop = request.stop};
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

namespace {

/// Without a filter and in their own order, rows that are passed over are those of the source,
/// which may know where they are. Returns what is left of the offset.
int64_t PushOffset(const TableRequest& request, const Source& source, ReadRequest* pushed) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 4;
  if (pushed->filter != nullptr || !request.order_by.empty() || request.offset > kMost ||
      request.start_row > kMost) {
    return request.offset;
  }
  if (request.offset > 0) {
    pushed->start_row = std::max(request.start_row, source.statistics().first_row) + request.offset;
  }
  pushed->limit = request.limit;
  return 0;
}

std::vector<std::string> WithRowNumbers(const TableRequest& request) {
  std::vector<std::string> columns = *request.columns;
  if (!request.row_number_column.empty()) columns.push_back(request.row_number_column);
  return columns;
}

/// Rows, and how much of the request was done to them.
struct OpenedRows {
  Reader reader;
  int64_t offset = 0;  ///< rows that are still to be passed over
  bool limited = false;
  bool selected = false;
  std::optional<int64_t> num_rows;
};

Result<OpenedRows> OpenRows(Source& source, const TableRequest& request, ReadRequest pushed,
                            arrow::MemoryPool* pool, TablePlace* place) {
  OpenedRows rows;
  rows.offset = PushOffset(request, source, &pushed);
  ARROW_ASSIGN_OR_RAISE(OpenedSource opened, OpenFiltered(source, pushed, pool));
  if (place != nullptr) {
    *place = {.first_row = opened.first_row, .end_row = opened.end_row, .epoch = opened.epoch};
  }
  rows.reader = std::move(opened.reader);
  rows.limited = opened.limit_applied && pushed.limit && rows.offset == 0;
  rows.selected = opened.columns_applied && pushed.columns == request.columns;
  if (pushed.filter == nullptr && pushed.start_row == 0)
    rows.num_rows = source.statistics().num_rows;
  return rows;
}

}  // namespace

Result<Reader> OpenTable(Source& source, const TableRequest& request, arrow::MemoryPool* pool,
                         TablePlace* place) {
  ARROW_ASSIGN_OR_RAISE(ReadRequest pushed, PushDown(request, *source.schema()));
  OpenedRows rows{.offset = request.offset};
  if (Groups(request)) {
    if (place != nullptr) place->epoch = source.statistics().epoch;
    ARROW_ASSIGN_OR_RAISE(rows.reader, OpenGroups(source, request, pushed, pool));
  } else {
    ARROW_ASSIGN_OR_RAISE(rows, OpenRows(source, request, std::move(pushed), pool, place));
  }
  ARROW_ASSIGN_OR_RAISE(Reader reader,
                        PutInOrder(std::move(rows.reader), request, rows.num_rows, pool));
  if (!rows.limited && (rows.offset > 0 || request.limit)) {
    ARROW_ASSIGN_OR_RAISE(reader, shape::Limit(std::move(reader), rows.offset, request.limit));
  }
  ARROW_ASSIGN_OR_RAISE(reader, Choose(std::move(reader), request, pool));
  if (!request.columns || (rows.selected && !IsAsked(request.downsample))) return reader;
  return shape::Select(std::move(reader), WithRowNumbers(request));
}

}  // namespace headrace::delivery
