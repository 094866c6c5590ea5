#include "delivery/table_request.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/compute/expression.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "expr/filter.h"
#include "headrace/error_code.h"
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

/// The seam of aggregation: what it needs of the source goes into PushDown(), the reader of its
/// groups comes from here.
Status RefuseAggregates(const TableRequest& request) {
  if (request.group_by.empty() && request.aggregates.empty()) return Status::OK();
  return MakeError(ErrorCode::kNotImplemented, "rows cannot be grouped yet",
                   {request.aggregates.empty() ? "group_by" : "agg"});
}

/// All columns that a source has to give for a filter to be applied behind it.
std::optional<std::vector<std::string>> ColumnsWithThoseOf(const ReadRequest& pushed) {
  auto columns = pushed.columns;
  if (!columns) return columns;
  for (const std::string& name : expr::ColumnsOf(*pushed.filter)) {
    if (std::find(columns->begin(), columns->end(), name) == columns->end()) {
      columns->push_back(name);
    }
  }
  return columns;
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
  ARROW_RETURN_NOT_OK(opened.reader->Close());
  ARROW_ASSIGN_OR_RAISE(opened, source.Open(plain));
  // The source may have got columns since its schema was asked for.
  ARROW_ASSIGN_OR_RAISE(auto bound, expr::BindFilter(*pushed.filter, *opened.reader->schema()));
  ARROW_ASSIGN_OR_RAISE(
      opened.reader,
      shape::Filter(std::move(opened.reader),
                    std::make_shared<arrow::compute::Expression>(std::move(bound)), pool));
  opened.columns_applied = false;
  opened.limit_applied = false;
  return opened;
}

}  // namespace

Result<ReadRequest> PushDown(const TableRequest& request, const arrow::Schema& schema) {
  ARROW_RETURN_NOT_OK(RefuseAggregates(request));
  ARROW_RETURN_NOT_OK(CheckNotNegative(request.offset, "offset"));
  ARROW_RETURN_NOT_OK(CheckNotNegative(request.limit.value_or(0), "limit"));
  ReadRequest pushed{.columns = request.columns, .ordered = request.ordered};
  ARROW_ASSIGN_OR_RAISE(pushed.filter, BindFilters(request, schema));
  if (request.limit && *request.limit <= std::numeric_limits<int64_t>::max() - request.offset) {
    pushed.limit = request.offset + *request.limit;
  }
  return pushed;
}

Result<Reader> OpenTable(Source& source, const TableRequest& request, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const ReadRequest pushed, PushDown(request, *source.schema()));
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
