#include "bars/bar_block.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

namespace headrace::bars {
namespace {

constexpr int64_t kFewRows = 64;

/// Calls `each` with the corresponding pointers of two sets of columns.
template <typename Each>
void ForColumns(const kernels::BarColumns& a, const kernels::BarColumns& b, const Each& each) {
  each(a.start, b.start);
  each(a.end, b.end);
  each(a.open, b.open);
  each(a.high, b.high);
  each(a.low, b.low);
  each(a.close, b.close);
  each(a.volume, b.volume);
  each(a.vwap, b.vwap);
  each(a.count, b.count);
  each(a.volume_rest, b.volume_rest);
  each(a.turnover, b.turnover);
  each(a.turnover_rest, b.turnover_rest);
}

}  // namespace

Result<std::shared_ptr<BarBlock>> BarBlock::Make(int64_t capacity, arrow::MemoryPool* pool,
                                                 std::shared_ptr<HeldBytes> held) {
  capacity = (capacity + 7) & ~int64_t{7};  // columns begin at cache lines
  ARROW_ASSIGN_OR_RAISE(auto memory, arrow::AllocateBuffer(capacity * kRowBytes, pool));
  return std::shared_ptr<BarBlock>(new BarBlock(std::move(memory), capacity, std::move(held)));
}

BarBlock::BarBlock(std::shared_ptr<arrow::Buffer> memory, int64_t capacity,
                   std::shared_ptr<HeldBytes> held)
    : memory_(std::move(memory)), capacity_(capacity), held_(std::move(held)) {
  auto* at = reinterpret_cast<int64_t*>(memory_->mutable_data());
  const auto integers = [&] { return std::exchange(at, at + capacity_); };
  const auto doubles = [&] { return reinterpret_cast<double*>(integers()); };
  columns_.start = integers();
  columns_.end = integers();
  columns_.count = integers();
  for (double** column :
       {&columns_.open, &columns_.high, &columns_.low, &columns_.close, &columns_.volume,
        &columns_.vwap, &columns_.volume_rest, &columns_.turnover, &columns_.turnover_rest}) {
    *column = doubles();
  }
  held_->bytes += bytes();
}

BarBlock::~BarBlock() { held_->bytes -= bytes(); }

kernels::BarColumns Advanced(const kernels::BarColumns& c, int64_t by) noexcept {
  return {c.start + by, c.end + by,         c.open + by,     c.high + by,
          c.low + by,   c.close + by,       c.volume + by,   c.vwap + by,
          c.count + by, c.volume_rest + by, c.turnover + by, c.turnover_rest + by};
}

void CopyRows(const kernels::BarColumns& from, int64_t rows,
              const kernels::BarColumns& to) noexcept {
  const auto bytes = static_cast<size_t>(rows) * 8;
  ForColumns(from, to, [&](const auto* a, auto* b) { std::memcpy(b, a, bytes); });
}

Status BarRows::MoveTo(int64_t capacity) {
  ARROW_ASSIGN_OR_RAISE(auto block, BarBlock::Make(capacity, pool_, held_));
  if (size_ > 0) CopyRows(columns(), size_, block->columns());
  block_ = std::move(block);
  begin_ = 0;
  return Status::OK();
}

Status BarRows::Reserve(int64_t rows) {
  if (block_ != nullptr && begin_ + size_ + rows <= block_->capacity()) return Status::OK();
  return MoveTo(std::max({kFewRows, size_ + rows, size_ + size_ / 2}));
}

Status BarRows::Append(const kernels::BarColumns& from, int64_t rows) {
  ARROW_RETURN_NOT_OK(Reserve(rows));
  CopyRows(from, rows, Advanced(block_->columns(), begin_ + size_));
  size_ += rows;
  return Status::OK();
}

void BarRows::DropFront(int64_t rows) {
  begin_ += rows;
  size_ -= rows;
  if (size_ == 0) {
    Clear();
  } else if (begin_ > block_->capacity() / 2) {
    // Without memory for it now, Reserve() does the same later.
    (void)MoveTo(std::max(kFewRows, size_ + size_ / 2));
  }
}

void BarRows::Clear() noexcept {
  block_ = nullptr;
  begin_ = size_ = 0;
}

}  // namespace headrace::bars
