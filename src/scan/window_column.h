#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::scan {

class ParquetFile;

/// One column of one row group, read forward, a window of rows at a time.
/// Rows are handed out by Take() or passed over by Skip(), each once and in order.
/// Errors: kCorruptFile, kIOError, kMemoryLimit, with the place in the file. After an error nothing
/// more may be asked. Thread rule: one thread at a time.
class WindowColumn {
 public:
  virtual ~WindowColumn() = default;

  /// How many of the next `rows` rows can be taken as one array: at least 1, fewer where their
  /// bytes would pass `max_bytes` or the column changes its form. Requires: rows >= 1, and so many
  /// rows are left.
  virtual Result<int64_t> Prepare(int64_t rows, int64_t max_bytes) = 0;

  /// The next `rows` rows. Strings that are stored by dictionary come as a dictionary array,
  /// whatever the type of the field, numbers if ColumnOptions say so. Requires: Prepare() gave at
  /// least so many since the last Take() or Skip().
  virtual Result<std::shared_ptr<arrow::Array>> Take(int64_t rows) = 0;

  /// The next rows, as many as the mask is long, without those whose bit is not set. The mask has
  /// no nulls. Requires what Take() requires.
  virtual Result<std::shared_ptr<arrow::Array>> TakeSelected(
      const std::shared_ptr<arrow::BooleanArray>& mask, arrow::MemoryPool* pool);

  /// Passes over rows; costs nothing until the next Prepare(), and no decompression for pages that
  /// are passed over whole.
  virtual Status Skip(int64_t rows) = 0;

  /// Gives back the page that is held, to be read again when it is needed: for files whose columns
  /// do not fit in memory side by side.
  virtual void Rest() = 0;
};

/// How a column is read.
struct ColumnOptions {
  int64_t buffer_bytes = 1 << 18;  ///< read at a time, where pages are smaller
  /// Numbers of pages by dictionary as dictionary arrays too: for those who only look at each value
  /// of the dictionary once.
  bool by_dictionary = false;
  bool use_offset_index = true;  ///< go straight to a page behind those that are passed over
};

/// A reader of the file's column `column` in a row group.
Result<std::unique_ptr<WindowColumn>> OpenColumn(std::shared_ptr<const ParquetFile> file,
                                                 int row_group, int column,
                                                 const ColumnOptions& options,
                                                 arrow::MemoryPool* pool);

}  // namespace headrace::scan
