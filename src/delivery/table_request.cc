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
#include "shape/number_rows.h"
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

/// Gives no more batches once nobody wants them.
class StoppableReader final : public arrow::RecordBatchReader {
 public:
  StoppableReader(Reader input, std::shared_ptr<std::atomic<bool>> stop)
      : input_(std::move(input)), stop_(std::move(stop)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return input_->schema(); }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    if (stop_->load(std::memory_order_relaxed)) {
      return MakeError(ErrorCode::kCancelled, "nobody wants the rows any more");
    }
    return input_->ReadNext(batch);
  }
  Status Close() override { return input_->Close(); }

 private:
  const Reader input_;
  const std::shared_ptr<std::atomic<bool>> stop_;
};

/// What the source has left of a request is done to one of its readers.
Result<Reader> Finish(Reader reader, const ReadRequest& pushed, const OpenedSource& opened,
                      arrow::MemoryPool* pool) {
  if (pushed.stop != nullptr) {
    reader = std::make_shared<StoppableReader>(std::move(reader), pushed.stop);
  }
  if (!opened.start_applied) {
    ARROW_ASSIGN_OR_RAISE(reader, shape::Limit(std::move(reader), pushed.start_row, std::nullopt));
  }
  if (!pushed.row_number_column.empty() && !opened.rows_numbered) {
    const int64_t first = opened.start_applied ? opened.first_row : pushed.start_row;
    ARROW_ASSIGN_OR_RAISE(
        reader, shape::NumberRows(std::move(reader), pushed.row_number_column, first, pool));
  }
  if (pushed.filter == nullptr || opened.filter_applied) return reader;
  // The source may have got columns since its schema was asked for.
  ARROW_ASSIGN_OR_RAISE(auto bound, expr::BindFilter(*pushed.filter, *reader->schema()));
  return shape::Filter(std::move(reader),
                       std::make_shared<arrow::compute::Expression>(std::move(bound)), pool);
}

/// Whether the source has done what has to come before the limit.
bool IsFiltered(const ReadRequest& pushed, const OpenedSource& opened) {
  return (pushed.filter == nullptr || opened.filter_applied) &&
         (pushed.start_row == 0 || opened.start_applied) &&
         (pushed.row_number_column.empty() || opened.rows_numbered);
}

/// Rows that start, numbers and filter were applied to, by the source or behind it.
Result<OpenedSource> OpenFiltered(Source& source, const ReadRequest& pushed,
                                  arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(OpenedSource opened, source.Open(pushed));
  if (!IsFiltered(pushed, opened)) {
    // A limit comes behind the filter, and the filter has columns of its own: again without either.
    ReadRequest plain = pushed;
    plain.filter = nullptr;
    plain.row_number_column.clear();
    if (!opened.start_applied) plain.start_row = 0;
    if (pushed.filter != nullptr || !opened.start_applied) plain.limit = std::nullopt;
    if (pushed.filter != nullptr) plain.columns = ColumnsWithThoseOf(pushed);
    plain.dictionary_columns.clear();
    if (plain.start_row != pushed.start_row) plain.num_readers = 1;
    ARROW_RETURN_NOT_OK(opened.reader->Close());
    ARROW_ASSIGN_OR_RAISE(opened, source.Open(plain));
    opened.filter_applied = false;
    opened.start_applied = opened.start_applied && plain.start_row == pushed.start_row;
    opened.columns_applied = opened.columns_applied && pushed.filter == nullptr;
    opened.limit_applied = opened.limit_applied && plain.limit == pushed.limit;
  }
  OpenedSource finished = opened;
  finished.more_readers.clear();
  for (Reader& reader : ReadersOf(std::move(opened))) {
    ARROW_ASSIGN_OR_RAISE(reader, Finish(std::move(reader), pushed, finished, pool));
    finished.more_readers.push_back(std::move(reader));
  }
  if (!finished.start_applied) finished.first_row = pushed.start_row;
  finished.reader = std::move(finished.more_readers.front());
  finished.more_readers.erase(finished.more_readers.begin());
  return finished;
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
  ARROW_RETURN_NOT_OK(CheckNotNegative(request.start_row, "start_row"));
  ReadRequest pushed{.columns = request.columns,
                     .start_row = request.start_row,
                     .row_number_column = request.row_number_column,
                     .ordered = request.ordered,
                     .stop = request.stop};
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

namespace {

/// Without a filter, rows that are passed over are those of the source, which may know where they
/// are. Returns what is left of the offset.
int64_t PushOffset(const TableRequest& request, const Source& source, ReadRequest* pushed) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 4;
  if (pushed->filter != nullptr || request.offset > kMost || request.start_row > kMost) {
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

}  // namespace

Result<Reader> OpenTable(Source& source, const TableRequest& request, arrow::MemoryPool* pool,
                         TablePlace* place) {
  ARROW_ASSIGN_OR_RAISE(ReadRequest pushed, PushDown(request, *source.schema()));
  if (Groups(request)) {
    if (place != nullptr) place->epoch = source.statistics().epoch;
    ARROW_ASSIGN_OR_RAISE(Reader groups, OpenGroups(source, request, pushed, pool));
    ARROW_ASSIGN_OR_RAISE(groups, shape::Limit(std::move(groups), request.offset, request.limit));
    return request.columns ? shape::Select(std::move(groups), *request.columns) : groups;
  }
  const int64_t offset = PushOffset(request, source, &pushed);
  ARROW_ASSIGN_OR_RAISE(OpenedSource opened, OpenFiltered(source, pushed, pool));
  if (place != nullptr) {
    *place = {.first_row = opened.first_row, .end_row = opened.end_row, .epoch = opened.epoch};
  }
  Reader reader = std::move(opened.reader);
  if (offset > 0 || !opened.limit_applied) {
    ARROW_ASSIGN_OR_RAISE(reader, shape::Limit(std::move(reader), offset, request.limit));
  }
  if (request.columns && !opened.columns_applied) {
    ARROW_ASSIGN_OR_RAISE(reader, shape::Select(std::move(reader), WithRowNumbers(request)));
  }
  return reader;
}

}  // namespace headrace::delivery
