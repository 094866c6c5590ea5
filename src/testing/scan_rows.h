#pragma once

#include <memory>
#include <string>
#include <utility>

#include <arrow/compute/expression.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "expr/filter.h"
#include "headrace/memory_budget.h"
#include "headrace/scan.h"

namespace headrace::testing {

/// All rows that a scan gives, validated; `filter` is text, empty for none.
inline Result<std::shared_ptr<arrow::Table>> ScanRows(ScanOptions options,
                                                      const std::string& filter,
                                                      ReadRequest request, MemoryBudget* budget) {
  ARROW_ASSIGN_OR_RAISE(auto scan, Scan::Open(std::move(options), budget));
  if (!filter.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto parsed, expr::ParseFilter(filter, *scan->schema()));
    request.filter = std::make_shared<arrow::compute::Expression>(std::move(parsed));
  }
  ARROW_ASSIGN_OR_RAISE(auto opened, scan->Open(request));
  ARROW_ASSIGN_OR_RAISE(auto table, opened.reader->ToTable());
  ARROW_RETURN_NOT_OK(table->ValidateFull());
  return table;
}

}  // namespace headrace::testing
