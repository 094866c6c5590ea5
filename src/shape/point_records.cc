#include "shape/point_records.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include "shape/order_key.h"

namespace headrace::shape {

PointRecords::PointRecords(const std::vector<std::shared_ptr<arrow::DataType>>& types) {
  size_t end = kHeader + 8 * (types.size() - 1);
  for (const auto& type : types) {
    const bool is_bool = type->id() == arrow::Type::BOOL;
    const size_t width = is_bool ? 1 : static_cast<size_t>(type->byte_width());
    const bool real = !columns_.empty() && PointValues::HasRealKeys(*type);
    columns_.push_back({type, is_bool, real, width, end});
    end += width;
  }
  width_ = static_cast<int64_t>((end + 7) / 8 * 8);
}

void PointRecords::Write(const PointBatch& batch, int64_t i, std::byte* record) const {
  Put(record, 0, batch.RowNumber(i));
  Put(record, 8, batch.axis_keys[i]);
  uint64_t gaps = 0;
  for (size_t y = 0; y < batch.ys.size(); ++y) {
    const bool gap = batch.ys[y].IsGap(i);
    gaps |= static_cast<uint64_t>(gap) << y;
    Put(record, kHeader + 8 * y, gap ? int64_t{0} : batch.ys[y].KeyAt(i));
  }
  Put(record, 16, gaps);
  uint64_t nulls = 0;
  for (size_t c = 0; c < columns_.size(); ++c) {
    const Column& column = columns_[c];
    const arrow::Array& array = *batch.columns[c];
    std::byte* const out = record + column.offset;
    if (array.IsNull(i)) {
      nulls |= uint64_t{1} << c;
      std::memset(out, 0, column.width);
    } else if (column.is_bool) {
      *out =
          static_cast<std::byte>(static_cast<const arrow::BooleanArray&>(array).Value(i) ? 1 : 0);
    } else {
      const uint8_t* const values = array.data()->buffers[1]->data();
      std::memcpy(out, values + static_cast<size_t>(array.offset() + i) * column.width,
                  column.width);
    }
  }
  Put(record, 24, nulls);
}

double PointRecords::ValueOf(const std::byte* record, size_t y) const {
  const int64_t key = KeyOf(record, y);
  return columns_[y + 1].real_keys ? RealOfKey(key) : static_cast<double>(key);
}

Result<PointBatch> PointRecords::BatchOf(std::span<const std::byte* const> records,
                                         PoolVector<int64_t>* numbers,
                                         arrow::MemoryPool* pool) const {
  const auto rows = static_cast<int64_t>(records.size());
  PointBatch batch{.rows = rows};
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> keys,
                        arrow::AllocateBuffer(rows * int64_t{sizeof(int64_t)}, pool));
  ARROW_RETURN_NOT_OK(numbers->ResizeUninitialized(rows));
  auto* const axis = reinterpret_cast<int64_t*>(keys->mutable_data());
  for (int64_t i = 0; i < rows; ++i) {
    axis[i] = AxisOf(records[static_cast<size_t>(i)]);
    (*numbers)[i] = RowOf(records[static_cast<size_t>(i)]);
  }
  batch.axis_keys = axis;
  batch.row_numbers = numbers->data();
  batch.axis = arrow::MakeArray(arrow::ArrayData::Make(arrow::int64(), rows, {nullptr, keys}, 0));
  ARROW_ASSIGN_OR_RAISE(batch.columns, ColumnsOf(records, pool));
  for (size_t y = 0; y < num_ys(); ++y) {
    ARROW_ASSIGN_OR_RAISE(auto values, PointValues::Make(batch.columns[y + 1], pool));
    batch.ys.push_back(std::move(values));
  }
  return batch;
}

Result<arrow::ArrayVector> PointRecords::ColumnsOf(std::span<const std::byte* const> records,
                                                   arrow::MemoryPool* pool) const {
  arrow::ArrayVector arrays;
  for (size_t c = 0; c < columns_.size(); ++c) {
    ARROW_ASSIGN_OR_RAISE(auto array, ColumnOf(records, c, pool));
    arrays.push_back(std::move(array));
  }
  return arrays;
}

Result<std::shared_ptr<arrow::Array>> PointRecords::ColumnOf(
    std::span<const std::byte* const> records, size_t c, arrow::MemoryPool* pool) const {
  const Column& column = columns_[c];
  const auto rows = static_cast<int64_t>(records.size());
  const auto width = static_cast<int64_t>(column.width);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateEmptyBitmap(rows, pool));
  std::shared_ptr<arrow::Buffer> values;
  if (column.is_bool) {
    ARROW_ASSIGN_OR_RAISE(values, arrow::AllocateEmptyBitmap(rows, pool));
  } else {
    ARROW_ASSIGN_OR_RAISE(values, arrow::AllocateBuffer(rows * width, pool));
  }
  int64_t nulls = 0;
  for (int64_t i = 0; i < rows; ++i) {
    const std::byte* const record = records[static_cast<size_t>(i)];
    const bool null = (Get<uint64_t>(record, 24) >> c & 1) != 0;
    nulls += null ? 1 : 0;
    if (!null) arrow::bit_util::SetBit(bits->mutable_data(), i);
    const std::byte* const value = record + column.offset;
    if (!column.is_bool) {
      std::memcpy(values->mutable_data() + i * width, value, column.width);
    } else if (*value != std::byte{0}) {
      arrow::bit_util::SetBit(values->mutable_data(), i);
    }
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      column.type, rows, {nulls > 0 ? std::move(bits) : nullptr, std::move(values)}, nulls));
}

}  // namespace headrace::shape
