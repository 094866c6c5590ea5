#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/row_choice.h"
#include "headrace/source.h"
#include "headrace/status.h"

namespace arrow {
class MemoryPool;
class RecordBatchReader;
}  // namespace arrow

namespace headrace::delivery {

/// What can be asked of any source. It is done in the order of the members: rows are passed over,
/// filtered, grouped, put in order, passed over and counted off, sampled or downsampled, and of
/// what is left the columns are given.
struct TableRequest {
  int64_t start_row =
      0;               ///< rows of the source before this number are passed over: see ReadRequest
  std::string filter;  ///< in the language of docs/filters.md; empty: all rows
  /// The same, bound to the source's schema; with `filter` both have to hold. Null: all rows.
  std::shared_ptr<const arrow::compute::Expression> bound_filter;
  /// With either of these there is a row for each group, as docs/aggregation.md has it.
  std::vector<std::string> group_by;
  std::string aggregates;  ///< "mean(v), count(*) as n": see expr::ParseAggregates()
  std::string order_by;    ///< "-fare, ts": see expr::ParseOrder()
  int64_t offset = 0;
  std::optional<int64_t> limit;
  SampleRequest sample;          ///< of the rows up to here
  DownsampleRequest downsample;  ///< the same; gives x, the ys and `by` in this order
  std::optional<std::vector<std::string>> columns;  ///< none: all
  bool ordered = true;                              ///< see ReadRequest
  /// A column of this name with the number of each row in the source is added behind the others;
  /// goes with ordered rows that are not grouped. Empty: none.
  std::string row_number_column;
  std::shared_ptr<std::atomic<bool>> stop;  ///< see ReadRequest; all sources stop between batches
};

/// Where the rows that were opened stand in their source: see OpenedSource.
struct TablePlace {
  int64_t first_row = 0;
  std::optional<int64_t> end_row;
  uint64_t epoch = 0;
};

/// Whether rows are grouped: what comes out is a row for each group.
bool Groups(const TableRequest& request);

/// Whether rows are chosen, sampled or downsampled: how many there will be is not known beforehand.
bool Chooses(const TableRequest& request);

/// Whether rows of the source come out as they are: nothing is computed, found or put in order.
bool GivesRowsAsTheyAre(const TableRequest& request);

/// The part of a request that a source may apply by itself: columns, filter, and as limit the rows
/// up to the last one that is wanted; the range of a chart's x as a filter, unless groups or
/// counted rows come before it. Of rows that are grouped it is asked for those columns, by several
/// readers where their order does not matter. kInvalidArgument for negative numbers and for members
/// that contradict each other; errors of the filter, the keys, the aggregates, the order and the
/// chart.
Result<ReadRequest> PushDown(const TableRequest& request, const arrow::Schema& schema);

/// The one place that runs a request on a source: the source applies what it can, the rest is
/// shaped here. `pool` is what shaping draws from; it outlives the reader.
/// `place`, unless null, is told where the rows stand; without a filter an offset counts into
/// first_row. Errors: those of PushDown(), of the source, and kUnknownName for a column.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenTable(Source& source,
                                                            const TableRequest& request,
                                                            arrow::MemoryPool* pool,
                                                            TablePlace* place = nullptr);

}  // namespace headrace::delivery
