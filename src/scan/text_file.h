#pragma once

#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/memory_budget.h"
#include "headrace/status.h"
#include "scan/batch_file.h"
#include "scan/text_blocks.h"

namespace headrace::scan {

/// What sets one text format apart from another. Static lifetime; all functions are pure.
struct TextFormat {
  std::unique_ptr<arrow::Chunker> (*make_chunker)(arrow::MemoryPool* pool);
  /// A block with types of its own: the sample that a file's schema is learnt from.
  Result<std::shared_ptr<arrow::Table>> (*parse_sample)(const TextBlock& block,
                                                        arrow::MemoryPool* pool);
  /// A block of a file of `schema`, with at least the columns of these numbers.
  Result<std::shared_ptr<arrow::Table>> (*parse)(const TextBlock& block,
                                                 const arrow::Schema& schema,
                                                 const std::vector<int>& columns,
                                                 arrow::MemoryPool* pool);
  /// Whether a failure of `parse` is a value that does not fit its column, and no damage.
  bool (*is_misfit)(const Status& failure);
};

/// A text file of rows: blocks are cut in order, and parsed by the threads of the scan.
Result<std::shared_ptr<const BatchFile>> OpenTextFile(const TextFormat& format,
                                                      const DataFile& file, MemoryBudget* pool);

}  // namespace headrace::scan
