#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/compute/expression.h>
#include <arrow/type_fwd.h>

#include "headrace/chunk_strategy.h"
#include "headrace/error_code.h"
#include "headrace/status.h"
#include "scan/row_ranges.h"
#include "scan/window_column.h"

namespace headrace::scan {

class ParquetFile;

/// What all row groups of a scan are read for. Immutable; shared by the threads of the scan.
///
///   fields   | those of the filter | others that are given out |
///              0 .. num_filter - 1
struct ReadPlan {
  std::vector<std::shared_ptr<arrow::Field>> fields;  ///< all that is read, once each
  int num_filter = 0;
  int row_numbers = -1;     ///< position in `fields` of the numbers of rows; -1: not wanted
  std::vector<int> output;  ///< positions in `fields`, in the order of `schema`
  std::shared_ptr<arrow::Schema> schema;  ///< of the batches that are given out

  /// A part of the filter that must hold, bound to a schema of `fields` alone.
  struct Conjunct {
    arrow::compute::Expression expression;
    std::vector<int> fields;  ///< positions in ReadPlan::fields
  };
  /// Of each field of the filter, whether only conjuncts over it alone look at it: then it may come
  /// by dictionary, whatever its type.
  std::vector<bool> alone;
  std::vector<Conjunct> filter;  ///< all of them must; none: every row
};

/// Where a field of the plan comes from in one file.
struct FieldSource {
  int column = -1;                          ///< of the file; -1: the same value in every row
  std::shared_ptr<arrow::Scalar> constant;  ///< that value, of the field's type
  bool is_row_number = false;               ///< neither: the numbers of the rows
};

/// One row group, or a piece of it, to be read.
struct RowGroupPiece {
  std::shared_ptr<const ParquetFile> file;
  std::shared_ptr<const std::vector<FieldSource>> sources;  ///< one for each field of the plan
  int row_group = 0;
  int64_t first_row = 0;  ///< number in the scan of the row group's first row
  RowRanges rows;
  bool filter_decided = false;  ///< every one of the rows is known to pass the filter
};

/// How much is read at a time.
struct ReadPace {
  ColumnOptions column;
  int64_t batch_bytes = 1 << 23;  ///< of a batch, at most, where rows are not larger
  std::shared_ptr<ChunkStrategy> strategy;
  bool late_columns = true;  ///< columns outside the filter only where rows are left
  /// Set when nobody wants the rows any more: readers give kCancelled. Null: never.
  std::shared_ptr<const std::atomic<bool>> stop;
  std::shared_ptr<const std::atomic<bool>> asked_to_stop;  ///< the same, set by the caller
  bool rest = false;  ///< hold one page at a time, not one for each column

  Status CheckNotStopped() const {
    const auto is_set = [](const auto& flag) {
      return flag != nullptr && flag->load(std::memory_order_relaxed);
    };
    if (!is_set(stop) && !is_set(asked_to_stop)) return Status::OK();
    return MakeError(ErrorCode::kCancelled, "the scan was cancelled");
  }
};

}  // namespace headrace::scan
