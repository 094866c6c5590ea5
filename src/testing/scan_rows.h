#pragma once

#include <memory>
#include <string>
#include <utility>

#include <arrow/compute/expression.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

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

/// The same columns, whatever the chunks; a NaN is as another.
inline void ExpectSame(const arrow::Table& actual, const arrow::Table& expected) {
  ASSERT_TRUE(actual.ValidateFull().ok()) << actual.ValidateFull();
  ASSERT_TRUE(actual.schema()->Equals(*expected.schema(), false))
      << actual.schema()->ToString() << "\nexpected\n"
      << expected.schema()->ToString();
  ASSERT_EQ(actual.num_rows(), expected.num_rows());
  const auto nans = arrow::EqualOptions::Defaults().nans_equal(true);
  for (int i = 0; i < actual.num_columns(); ++i) {
    ASSERT_TRUE(actual.column(i)->Equals(*expected.column(i), nans)) << actual.field(i)->name();
  }
}

}  // namespace headrace::testing
