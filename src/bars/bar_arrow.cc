#include "bars/bar_arrow.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

namespace headrace::bars {
namespace {

/// A column of a slice; keeps the slice's memory.
class SharedColumn final : public arrow::Buffer {
 public:
  template <typename T>
  SharedColumn(std::span<const T> values, std::shared_ptr<const void> memory)
      : Buffer(reinterpret_cast<const uint8_t*>(values.data()),
               static_cast<int64_t>(values.size_bytes())),
        memory_(std::move(memory)) {}

 private:
  std::shared_ptr<const void> memory_;
};

Result<std::shared_ptr<arrow::ArrayData>> Doubles(std::span<const double> values,
                                                  const BarSlice& slice, arrow::MemoryPool* pool) {
  const auto rows = static_cast<int64_t>(values.size());
  const auto nan = [](double x) { return x != x; };
  const int64_t nulls = std::count_if(values.begin(), values.end(), nan);
  std::shared_ptr<arrow::Buffer> valid;
  if (nulls > 0) {
    ARROW_ASSIGN_OR_RAISE(valid, arrow::AllocateEmptyBitmap(rows, pool));
    for (int64_t i = 0; i < rows; ++i) {
      if (!nan(values[static_cast<size_t>(i)])) arrow::bit_util::SetBit(valid->mutable_data(), i);
    }
  }
  return arrow::ArrayData::Make(
      arrow::float64(), rows,
      {std::move(valid), std::make_shared<SharedColumn>(values, slice.memory)}, nulls);
}

}  // namespace

std::shared_ptr<arrow::Schema> BarSchema(std::string_view zone, bool forming) {
  arrow::FieldVector fields = {
      arrow::field("ts", arrow::timestamp(arrow::TimeUnit::NANO, std::string(zone)), false)};
  for (const char* name : {"open", "high", "low", "close"}) {
    fields.push_back(arrow::field(name, arrow::float64()));
  }
  fields.push_back(arrow::field("volume", arrow::float64(), false));
  fields.push_back(arrow::field("vwap", arrow::float64()));
  fields.push_back(arrow::field("count", arrow::int64(), false));
  if (forming) fields.push_back(arrow::field("forming", arrow::boolean(), false));
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::RecordBatch>> ToRecordBatch(
    const BarSlice& slice, const std::shared_ptr<arrow::Schema>& schema, bool label_end,
    arrow::MemoryPool* pool) {
  const int64_t rows = slice.size();
  const auto integers = [&](std::span<const int64_t> values, int field) {
    return arrow::ArrayData::Make(schema->field(field)->type(), rows,
                                  {nullptr, std::make_shared<SharedColumn>(values, slice.memory)},
                                  0);
  };
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  columns.reserve(9);
  columns.push_back(integers(label_end ? slice.end : slice.start, 0));
  for (const auto& values :
       {slice.open, slice.high, slice.low, slice.close, slice.volume, slice.vwap}) {
    ARROW_ASSIGN_OR_RAISE(auto column, Doubles(values, slice, pool));
    columns.push_back(std::move(column));
  }
  columns.push_back(integers(slice.count, 7));
  if (schema->num_fields() > 8) {
    ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateEmptyBitmap(rows, pool));
    if (slice.forming && rows > 0) arrow::bit_util::SetBit(bits->mutable_data(), rows - 1);
    columns.push_back(
        arrow::ArrayData::Make(arrow::boolean(), rows, {nullptr, std::move(bits)}, 0));
  }
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

}  // namespace headrace::bars
