#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::scan {

/// Reads one piece of a scan: a row group or some rows of it, or a file of another format.
/// Thread rule: one thread at a time.
class PieceReader {
 public:
  virtual ~PieceReader() = default;
  /// The next batch, of at least one row; null at the end. An error is final.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
};

/// Gives the pieces of a scan, in the order of files and rows. Files are opened as it goes.
/// Thread rule: one thread at a time; the readers that it gave live on other threads.
class PieceSource {
 public:
  virtual ~PieceSource() = default;
  /// The next piece; null at the end.
  virtual Result<std::unique_ptr<PieceReader>> Next() = 0;
};

}  // namespace headrace::scan
