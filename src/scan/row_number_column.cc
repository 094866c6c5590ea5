#include "scan/row_number_column.h"

#include <numeric>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>

namespace headrace::scan {
namespace {

class RowNumberColumn final : public WindowColumn {
 public:
  RowNumberColumn(int64_t first, arrow::MemoryPool* pool) : next_(first), pool_(pool) {}

  Result<int64_t> Prepare(int64_t rows, int64_t) override { return rows; }

  Result<std::shared_ptr<arrow::Array>> Take(int64_t rows) override {
    next_ += rows;
    return RowNumbers(next_ - rows, rows, pool_);
  }

  Status Skip(int64_t rows) override {
    next_ += rows;
    return Status::OK();
  }

  void Rest() override {}

 private:
  int64_t next_;
  arrow::MemoryPool* const pool_;
};

}  // namespace

Result<std::shared_ptr<arrow::Array>> RowNumbers(int64_t first, int64_t rows,
                                                 arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto buffer,
                        arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(int64_t)), pool));
  auto* const numbers = reinterpret_cast<int64_t*>(buffer->mutable_data());
  std::iota(numbers, numbers + rows, first);
  return std::make_shared<arrow::Int64Array>(rows,
                                             std::shared_ptr<arrow::Buffer>(std::move(buffer)));
}

std::unique_ptr<WindowColumn> MakeRowNumberColumn(int64_t first, arrow::MemoryPool* pool) {
  return std::make_unique<RowNumberColumn>(first, pool);
}

}  // namespace headrace::scan
