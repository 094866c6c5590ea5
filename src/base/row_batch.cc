#include "headrace/row_batch.h"

#include <cassert>
#include <cstddef>
#include <functional>

namespace headrace {
namespace {

/// Below this many columns looking at all names is quicker than hashing one.
constexpr int64_t kIndexedFrom = 16;

}  // namespace

void RowBatch::Reset() noexcept {
  num_columns_ = 0;
  num_rows_ = 0;
  hint_ = 0;
  indexed_columns_ = 0;
}

void RowBatch::BeginRow() {
  ++num_rows_;
  hint_ = 0;
}

bool RowBatch::Set(std::string_view name, Cell cell) {
  assert(num_rows_ > 0);
  int64_t index = Find(name);
  if (index < 0) {
    index = AddColumn(name);
  }
  std::vector<Cell>& cells = columns_[index].cells;
  const auto row = static_cast<size_t>(num_rows_ - 1);
  if (cells.size() > row) {
    return false;
  }
  if (cells.size() < row) {
    cells.resize(row);
  }
  cells.push_back(cell);
  hint_ = index + 1;
  return true;
}

void RowBatch::Seal() {
  for (int64_t i = 0; i < num_columns_; ++i) {
    columns_[i].cells.resize(static_cast<size_t>(num_rows_));
  }
}

int64_t RowBatch::Find(std::string_view name) noexcept {
  if (hint_ < num_columns_ && columns_[hint_].name == name) {
    return hint_;
  }
  if (num_columns_ < kIndexedFrom) {
    for (int64_t i = 0; i < num_columns_; ++i) {
      if (columns_[i].name == name) {
        return i;
      }
    }
    return -1;
  }
  const size_t mask = slots_.size() - 1;
  for (size_t slot = std::hash<std::string_view>{}(name)&mask;; slot = (slot + 1) & mask) {
    const int32_t index = slots_[slot];
    if (index < 0 || columns_[index].name == name) {
      return index;
    }
  }
}

int64_t RowBatch::AddColumn(std::string_view name) {
  if (num_columns_ == static_cast<int64_t>(columns_.size())) {
    columns_.emplace_back();
  }
  columns_[num_columns_].name = name;
  columns_[num_columns_].cells.clear();
  ++num_columns_;
  if (num_columns_ >= kIndexedFrom) {
    UpdateIndex();
  }
  return num_columns_ - 1;
}

void RowBatch::UpdateIndex() {
  // At most half full, so that looking for a name that is not there ends soon.
  if (indexed_columns_ == 0 || 2 * num_columns_ > static_cast<int64_t>(slots_.size())) {
    size_t size = slots_.empty() ? 4 * static_cast<size_t>(kIndexedFrom) : slots_.size();
    while (static_cast<int64_t>(size) < 2 * num_columns_) {
      size *= 2;
    }
    slots_.assign(size, -1);
    indexed_columns_ = 0;
  }
  const size_t mask = slots_.size() - 1;
  for (; indexed_columns_ < num_columns_; ++indexed_columns_) {
    size_t slot = std::hash<std::string_view>{}(columns_[indexed_columns_].name) & mask;
    while (slots_[slot] >= 0) {
      slot = (slot + 1) & mask;
    }
    slots_[slot] = static_cast<int32_t>(indexed_columns_);
  }
}

}  // namespace headrace
