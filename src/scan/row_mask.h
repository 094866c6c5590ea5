#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "scan/read_plan.h"

namespace headrace::scan {

/// Which rows of a window pass the filter.
struct RowMask {
  std::shared_ptr<arrow::BooleanArray> rows;  ///< without nulls
  int64_t first = 0;                          ///< the first that passes
  int64_t end = 0;                            ///< behind the last; 0: none does
};

/// Decides the rows of windows by the filter of a plan. A conjunct over one column that comes by
/// dictionary is decided once for each of its values, and looked up for each row.
/// Thread rule: one thread at a time.
class RowFilter {
 public:
  RowFilter(std::shared_ptr<const ReadPlan> plan, arrow::MemoryPool* pool);
  ~RowFilter();

  /// `columns` are those of the filter, each of `rows` rows, of its field's type or by dictionary.
  Result<RowMask> Decide(const std::vector<std::shared_ptr<arrow::Array>>& columns, int64_t rows);

 private:
  struct Verdicts;
  Result<std::shared_ptr<arrow::BooleanArray>> Evaluate(
      const ReadPlan::Conjunct& conjunct, const std::vector<std::shared_ptr<arrow::Array>>& columns,
      int64_t rows);
  Result<std::shared_ptr<arrow::BooleanArray>> LookUp(size_t conjunct,
                                                      const arrow::DictionaryArray& column);

  const std::shared_ptr<const ReadPlan> plan_;
  arrow::MemoryPool* const pool_;
  std::vector<Verdicts> verdicts_;  // by conjunct
};

}  // namespace headrace::scan
