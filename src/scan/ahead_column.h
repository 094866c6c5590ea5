#pragma once

#include <cstdint>
#include <memory>

#include "scan/paged_column.h"

namespace headrace::scan {

/// A column whose rows have to be decoded before it is known how many of them make one array: what
/// Prepare() finds is kept until it is taken or passed over.
class AheadColumn : public PagedColumn {
 public:
  Result<int64_t> Prepare(int64_t rows, int64_t max_bytes) final;
  Result<std::shared_ptr<arrow::Array>> Take(int64_t rows) final;
  Status Skip(int64_t rows) final;

 protected:
  using PagedColumn::PagedColumn;

  /// The next rows, at least one and at most `rows`. What parquet-cpp throws passes through.
  virtual Result<std::shared_ptr<arrow::Array>> DecodeAhead(int64_t rows, int64_t max_bytes) = 0;
  /// Takes off `rows` those rows of the page that were looked at already, and passes over them.
  virtual Status SkipLookedAt(int64_t* rows);

 private:
  std::shared_ptr<arrow::Array> ready_;  // decoded and not yet taken
};

}  // namespace headrace::scan
