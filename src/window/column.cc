#include "window/column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

namespace headrace::window {
namespace {

constexpr int64_t kCacheLineBytes = 64;

uint64_t LoadWord(const uint8_t* bits, int64_t word) noexcept {
  auto& place = const_cast<uint64_t&>(reinterpret_cast<const uint64_t*>(bits)[word]);
  return std::atomic_ref<uint64_t>(place).load(std::memory_order_relaxed);
}

void WriteBit(uint8_t* bits, int64_t index, bool value) noexcept {
  std::atomic_ref<uint64_t> word(reinterpret_cast<uint64_t*>(bits)[index >> 6]);
  const uint64_t mask = uint64_t{1} << (index & 63);
  const uint64_t old = word.load(std::memory_order_relaxed);
  word.store(value ? old | mask : old & ~mask, std::memory_order_relaxed);
}

bool ReadBit(const uint8_t* bits, int64_t index) noexcept {
  return (LoadWord(bits, index >> 6) >> (index & 63)) & 1;
}

// A piece of a region that keeps the whole region alive.
class OwnedBuffer final : public arrow::Buffer {
 public:
  OwnedBuffer(const uint8_t* data, int64_t size, std::shared_ptr<const void> owner)
      : Buffer(data, size), owner_(std::move(owner)) {}

 private:
  std::shared_ptr<const void> owner_;
};

int64_t BitBytes(int64_t rows) noexcept { return (rows / 64 + 2) * 8; }

}  // namespace

std::string_view TypeName(ColumnType type) noexcept {
  constexpr std::array<std::string_view, 6> kNames = {"null", "int64",  "double",
                                                      "bool", "string", "timestamp"};
  return kNames[static_cast<size_t>(type)];
}

std::shared_ptr<arrow::DataType> ArrowType(ColumnType type) {
  switch (type) {
    case ColumnType::kInt64: return arrow::int64();
    case ColumnType::kDouble: return arrow::float64();
    case ColumnType::kBool: return arrow::boolean();
    case ColumnType::kString: return arrow::utf8();
    case ColumnType::kTimestamp: return arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
    case ColumnType::kNull: break;
  }
  return arrow::null();
}

Result<std::shared_ptr<Column>> Column::Make(const ColumnOptions& options) {
  auto column = std::shared_ptr<Column>(new Column());
  column->options_ = options;
  const int64_t rows = options.capacity_rows;
  // Five lines apart, so that neighbours do not touch a new page at the same row.
  column->lead_bytes_ = options.stagger * 5 * kCacheLineBytes % SlidingRegion::PageBytes();
  const int64_t lead = column->lead_bytes_;
  switch (options.type) {
    case ColumnType::kNull: return column;
    case ColumnType::kBool: {
      column->lead_bytes_ = 0;
      ARROW_ASSIGN_OR_RAISE(column->values_, SlidingRegion::Make(BitBytes(rows)));
      break;
    }
    case ColumnType::kString: {
      ARROW_ASSIGN_OR_RAISE(column->values_, SlidingRegion::Make(lead + (rows + 1) * 4));
      ARROW_ASSIGN_OR_RAISE(column->text_, SlidingRegion::Make(options.text_capacity_bytes));
      break;
    }
    default: {
      ARROW_ASSIGN_OR_RAISE(column->values_, SlidingRegion::Make(lead + rows * 8));
      break;
    }
  }
  if (options.nullable) {
    ARROW_ASSIGN_OR_RAISE(column->validity_, SlidingRegion::Make(BitBytes(rows)));
  }
  return column;
}

void Column::MarkValid(int64_t row) noexcept {
  if (options_.nullable) WriteBit(validity_.data(), row - origin_row(), true);
}

void Column::WriteNull(int64_t row) noexcept {
  const int64_t index = row - origin_row();
  last_null_row_.store(std::max(row, last_null_row_.load(std::memory_order_relaxed)),
                       std::memory_order_relaxed);
  switch (type()) {
    case ColumnType::kNull: return;
    case ColumnType::kBool: WriteBit(values_.data(), index, false); break;
    case ColumnType::kString: Offsets()[index + 1] = Offsets()[index]; break;
    default: Values<int64_t>()[index] = 0;
  }
  WriteBit(validity_.data(), index, false);
}

void Column::WriteInt64(int64_t row, int64_t value) noexcept {
  Values<int64_t>()[row - origin_row()] = value;
  MarkValid(row);
}

void Column::WriteDouble(int64_t row, double value) noexcept {
  Values<double>()[row - origin_row()] = value;
  MarkValid(row);
}

void Column::WriteBool(int64_t row, bool value) noexcept {
  WriteBit(values_.data(), row - origin_row(), value);
  MarkValid(row);
}

void Column::WriteString(int64_t row, std::string_view value) noexcept {
  int32_t* offsets = Offsets() + (row - origin_row());
  assert(text_.capacity() - offsets[0] >= static_cast<int64_t>(value.size()));
  if (!value.empty()) std::memcpy(text_.data() + offsets[0], value.data(), value.size());
  offsets[1] = offsets[0] + static_cast<int32_t>(value.size());
  MarkValid(row);
}

void Column::CopyRows(const Column& from, int64_t begin, int64_t end) noexcept {
  if (begin == end) return;
  const bool same = from.type() == type();
  const bool bytes = type() == ColumnType::kInt64 || type() == ColumnType::kDouble ||
                     type() == ColumnType::kTimestamp;
  if (same && bytes && from.last_null_row_.load(std::memory_order_relaxed) < begin) {
    std::memcpy(Values<int64_t>() + (begin - origin_row()),
                from.Values<int64_t>() + (begin - from.origin_row()),
                static_cast<size_t>(end - begin) * 8);
    for (int64_t row = begin; row < end; ++row) MarkValid(row);
    return;
  }
  for (int64_t row = begin; row < end; ++row) {
    if (!from.IsValid(row)) {
      WriteNull(row);
      continue;
    }
    switch (type()) {
      case ColumnType::kNull: break;
      case ColumnType::kBool: WriteBool(row, from.GetBool(row)); break;
      case ColumnType::kString: WriteString(row, from.GetString(row)); break;
      case ColumnType::kDouble:
        WriteDouble(row, same ? from.GetDouble(row) : static_cast<double>(from.GetInt64(row)));
        break;
      default: WriteInt64(row, from.GetInt64(row));
    }
  }
}

bool Column::IsValid(int64_t row) const noexcept {
  if (type() == ColumnType::kNull) return false;
  return !options_.nullable || ReadBit(validity_.data(), row - origin_row());
}

bool Column::GetBool(int64_t row) const noexcept {
  return ReadBit(values_.data(), row - origin_row());
}

std::string_view Column::GetString(int64_t row) const noexcept {
  const int32_t* offsets = Offsets() + (row - origin_row());
  return {reinterpret_cast<const char*>(text_.data()) + offsets[0],
          static_cast<size_t>(offsets[1] - offsets[0])};
}

const uint8_t* Column::WriterValidity(int64_t begin_row) const noexcept {
  if (!options_.nullable || last_null_row_.load(std::memory_order_relaxed) < begin_row) {
    return nullptr;
  }
  return validity_.data();
}

// Bits [begin, end) moved to the front of a new buffer, a word at a time:
//   source words  ..bbbbbb|cccccccc|ddd.....     begin is `shift` bits into the first
//   out word 0      = (bb.. >> shift) | (cc.. << (64 - shift))
Result<std::shared_ptr<arrow::Buffer>> Column::CopyBits(const SlidingRegion& bits, int64_t begin,
                                                        int64_t end, int64_t* ones,
                                                        arrow::MemoryPool* pool) const {
  const int64_t length = end - begin;
  const int64_t words = (length + 63) / 64;
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(words * 8, pool));
  auto* out = reinterpret_cast<uint64_t*>(buffer->mutable_data());
  const int64_t first = (begin - origin_row()) >> 6;
  const int shift = static_cast<int>((begin - origin_row()) & 63);
  *ones = 0;
  for (int64_t i = 0; i < words; ++i) {
    uint64_t word = LoadWord(bits.data(), first + i) >> shift;
    if (shift != 0) word |= LoadWord(bits.data(), first + i + 1) << (64 - shift);
    const int64_t used = std::min<int64_t>(64, length - i * 64);
    if (used < 64) word &= (uint64_t{1} << used) - 1;
    *ones += std::popcount(word);
    out[i] = word;
  }
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

Result<std::shared_ptr<arrow::Buffer>> Column::CopyValidity(int64_t begin, int64_t end,
                                                            int64_t* valid,
                                                            arrow::MemoryPool* pool) const {
  *valid = end - begin;
  if (!options_.nullable || last_null_row_.load(std::memory_order_relaxed) < begin) return nullptr;
  ARROW_ASSIGN_OR_RAISE(auto bits, CopyBits(validity_, begin, end, valid, pool));
  if (*valid == end - begin) bits = nullptr;
  return bits;
}

Result<std::shared_ptr<arrow::ArrayData>> Column::Slice(int64_t begin, int64_t end,
                                                        const std::shared_ptr<const void>& owner,
                                                        arrow::MemoryPool* pool) const {
  const int64_t length = end - begin;
  const int64_t index = begin - origin_row();
  if (type() == ColumnType::kNull) {
    return arrow::ArrayData::Make(arrow::null(), length, {nullptr}, length);
  }
  int64_t valid = length;
  ARROW_ASSIGN_OR_RAISE(auto validity, CopyValidity(begin, end, &valid, pool));
  std::vector<std::shared_ptr<arrow::Buffer>> buffers = {std::move(validity)};
  switch (type()) {
    case ColumnType::kBool: {
      int64_t unused = 0;
      ARROW_ASSIGN_OR_RAISE(auto bits, CopyBits(values_, begin, end, &unused, pool));
      buffers.push_back(std::move(bits));
      break;
    }
    case ColumnType::kString: {
      const int32_t* offsets = Offsets() + index;
      buffers.push_back(std::make_shared<OwnedBuffer>(reinterpret_cast<const uint8_t*>(offsets),
                                                      (length + 1) * 4, owner));
      buffers.push_back(std::make_shared<OwnedBuffer>(text_.data(), offsets[length], owner));
      break;
    }
    default:
      buffers.push_back(std::make_shared<OwnedBuffer>(
          reinterpret_cast<const uint8_t*>(Values<int64_t>() + index), length * 8, owner));
  }
  return arrow::ArrayData::Make(ArrowType(type()), length, std::move(buffers), length - valid);
}

bool Column::Release(int64_t row) noexcept {
  if (type() == ColumnType::kNull) return false;
  const int64_t index = row - origin_row();
  const int64_t granule = options_.granule_bytes;
  bool called = false;
  if (options_.nullable) called |= validity_.Release(index / 64 * 8, granule);
  switch (type()) {
    case ColumnType::kBool: called |= values_.Release(index / 64 * 8, granule); break;
    case ColumnType::kString:
      called |= text_.Release(Offsets()[index], granule);
      called |= values_.Release(lead_bytes_ + index * 4, granule);
      break;
    default: called |= values_.Release(lead_bytes_ + index * 8, granule);
  }
  return called;
}

int64_t Column::TextBytes(int64_t begin, int64_t end) const noexcept {
  if (type() != ColumnType::kString) return 0;
  return Offsets()[end - origin_row()] - Offsets()[begin - origin_row()];
}

double Column::RowBytes(ColumnType type, bool nullable) noexcept {
  const double bits = nullable ? 0.125 : 0;
  switch (type) {
    case ColumnType::kNull: return 0;
    case ColumnType::kBool: return 0.125 + bits;
    case ColumnType::kString: return 4 + bits;
    default: return 8 + bits;
  }
}

int64_t Column::NumRegions() const noexcept {
  return (values_.capacity() > 0) + (text_.capacity() > 0) + (validity_.capacity() > 0);
}

}  // namespace headrace::window
