#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "headrace/source.h"
#include "headrace/status.h"

namespace headrace {
class MemoryBudget;
}

namespace headrace::catalog {

/// Rows that are held as they came, for good. Immutable. Thread rule: as Source.
class MemoryTable final : public Source {
 public:
  /// A copy of all rows of `reader`, in memory that can be shared unless they are few. `budget`
  /// outlives the table and all that was read from it. Errors: those of the reader; kMemoryLimit;
  /// kInvalidArgument for two columns of one name.
  static Result<std::shared_ptr<MemoryTable>> Make(arrow::RecordBatchReader& reader,
                                                   MemoryBudget* budget);
  ~MemoryTable() override;

  std::shared_ptr<arrow::Schema> schema() const override;
  SourceStatistics statistics() const override;
  /// Applies columns, start and limit. Nothing is copied.
  Result<OpenedSource> Open(const ReadRequest& request) override;
  std::shared_ptr<base::SharedMemory> shared_memory() const override;

 private:
  struct Impl;
  explicit MemoryTable(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::catalog
