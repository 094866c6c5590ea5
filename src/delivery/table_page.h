#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "delivery/table_request.h"
#include "headrace/status.h"

namespace headrace::delivery {

/// Some rows of a source, and where those behind them begin.
struct TablePage {
  std::shared_ptr<arrow::RecordBatchReader> reader;
  std::optional<std::string> next_cursor;  ///< none: these are the last
  /// Rows that the cursor stood before and that have left the source since: the page begins with
  /// the oldest row that is there.
  int64_t rows_missed = 0;
};

/// OpenTable() for a request with `limit`, which goes on from `cursor` if there is one; without
/// limit, and for samples and charts, all rows from there on. A page of a file costs the same
/// wherever it lies, but behind text of which not all was looked at. With a filter, a page of files
/// is looked at twice: once for its end, once for its rows. kInvalidArgument, located as
/// {"cursor"}, for a cursor of another request or of another state of the source, and beside an
/// offset. `name` is the source's full name.
Result<TablePage> OpenPage(Source& source, std::string_view name, TableRequest request,
                           const std::optional<std::string>& cursor, arrow::MemoryPool* pool);

}  // namespace headrace::delivery
