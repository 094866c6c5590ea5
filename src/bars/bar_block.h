#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "kernels/ohlcv/bar_row.h"

namespace headrace::bars {

/// What all blocks of a store hold together, those that readers keep included. Outlives the store
/// with the last of them.
struct HeldBytes {
  std::atomic<int64_t> bytes{0};
};

/// Room for bars by column, one allocation of the budget. Rows are written once, by one thread, and
/// not changed afterwards: readers of earlier rows need no lock.
class BarBlock {
 public:
  static constexpr int kColumns = 12;
  static constexpr int64_t kRowBytes = 8 * kColumns;

  static Result<std::shared_ptr<BarBlock>> Make(int64_t capacity, arrow::MemoryPool* pool,
                                                std::shared_ptr<HeldBytes> held);
  ~BarBlock();
  BarBlock(const BarBlock&) = delete;
  BarBlock& operator=(const BarBlock&) = delete;

  const kernels::BarColumns& columns() const noexcept { return columns_; }
  int64_t capacity() const noexcept { return capacity_; }
  int64_t bytes() const noexcept { return capacity_ * kRowBytes; }

 private:
  BarBlock(std::shared_ptr<arrow::Buffer> memory, int64_t capacity,
           std::shared_ptr<HeldBytes> held);
  std::shared_ptr<arrow::Buffer> memory_;
  int64_t capacity_;
  std::shared_ptr<HeldBytes> held_;
  kernels::BarColumns columns_;
};

/// The columns `by` rows further on.
kernels::BarColumns Advanced(const kernels::BarColumns& columns, int64_t by) noexcept;
/// Copies `rows` rows to the beginning of `to`.
void CopyRows(const kernels::BarColumns& from, int64_t rows,
              const kernels::BarColumns& to) noexcept;

/// Rows that grow at the end, in a block that is exchanged for a larger one when it is full.
class BarRows {
 public:
  BarRows(arrow::MemoryPool* pool, std::shared_ptr<HeldBytes> held)
      : pool_(pool), held_(std::move(held)) {}

  /// Room for `rows` more. Nothing has changed after an error.
  Status Reserve(int64_t rows);
  /// Requires: there is room.
  void Push(const kernels::BarRow& row) noexcept { block_->columns().Store(begin_ + size_++, row); }
  Status Append(const kernels::BarColumns& from, int64_t rows);
  /// Forgets the first rows; their memory goes when they are the larger part and there is some for
  /// the rest.
  void DropFront(int64_t rows);
  void Clear() noexcept;

  int64_t size() const noexcept { return size_; }
  int64_t bytes() const noexcept { return block_ == nullptr ? 0 : block_->bytes(); }
  /// Of the first row. Requires: size() > 0.
  kernels::BarColumns columns() const noexcept { return Advanced(block_->columns(), begin_); }
  const std::shared_ptr<BarBlock>& block() const noexcept { return block_; }

 private:
  Status MoveTo(int64_t capacity);
  arrow::MemoryPool* pool_;
  std::shared_ptr<HeldBytes> held_;
  std::shared_ptr<BarBlock> block_;
  int64_t begin_ = 0;
  int64_t size_ = 0;
};

}  // namespace headrace::bars
