#pragma once

#include <memory>
#include <vector>

#include "expr/outcomes.h"
#include "headrace/scan.h"
#include "headrace/status.h"
#include "scan/read_plan.h"

namespace parquet {
class Statistics;
class PageIndexReader;
class ParquetFileReader;
}  // namespace parquet

namespace headrace::scan {

/// Which rows of a row group can matter to a filter, by what is known of them without reading them:
/// statistics of the row group, its bloom filters and dictionaries, statistics of its pages.
/// Leaves out a row only if the filter cannot be true for it. One for each file; thread rule: one
/// thread at a time.
class Pruner {
 public:
  Pruner(std::shared_ptr<const ParquetFile> file,
         std::shared_ptr<const std::vector<FieldSource>> sources,
         std::shared_ptr<const ReadPlan> plan, const Skipping& skipping, arrow::MemoryPool* pool);
  ~Pruner();

  struct Decision {
    RowRanges rows;               ///< that are left
    bool filter_decided = false;  ///< all of them pass
    const char* rule = nullptr;   ///< that left out the whole row group
    int64_t pages_left_out = 0;   ///< of the filter's columns, by the page index
  };
  /// kIOError and kMemoryLimit; damaged indexes are passed over.
  Result<Decision> Decide(int row_group);

 private:
  struct RowGroupFacts;
  expr::Outcomes Judge(const ReadPlan::Conjunct& conjunct, RowGroupFacts* facts) const;
  void AddFieldFacts(int field, RowGroupFacts* facts) const;
  void PrunePages(const std::vector<bool>& undecided, RowGroupFacts* facts, Decision* decision);
  void PruneByColumn(const ReadPlan::Conjunct& conjunct, int field, RowGroupFacts* facts,
                     Decision* decision);

  const std::shared_ptr<const ParquetFile> file_;
  const std::shared_ptr<const std::vector<FieldSource>> sources_;
  const std::shared_ptr<const ReadPlan> plan_;
  const Skipping skipping_;
  arrow::MemoryPool* const pool_;
  std::unique_ptr<parquet::ParquetFileReader> reader_;  // for the page index, once it is wanted
  std::shared_ptr<parquet::PageIndexReader> page_index_;
};

/// Statistics of a column chunk or page as what a filter can be judged by, with bounds of `type`;
/// what is not understood is left out.
void AddBounds(const parquet::Statistics& statistics, const std::shared_ptr<arrow::DataType>& type,
               expr::ColumnFacts* facts);

}  // namespace headrace::scan
