#include "shape/series_rows.h"

#include <algorithm>
#include <utility>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>

namespace headrace::shape {
namespace {

namespace cp = arrow::compute;

const int64_t* ValuesOf(const arrow::Array& keys) {
  return static_cast<const arrow::Int64Array&>(keys).raw_values();
}

// Without a branch in the loop, so that it runs at the speed of memory.
bool Ascends(const int64_t* keys, int64_t rows) {
  int64_t descents = 0;
  for (int64_t i = 1; i < rows; ++i) descents += keys[i] < keys[i - 1] ? 1 : 0;
  return descents == 0;
}

}  // namespace

Result<SeriesRows> SeriesArranger::Arrange(arrow::ArrayVector columns, const uint32_t* series,
                                           int64_t num_series, int64_t first_row) {
  ARROW_ASSIGN_OR_RAISE(auto keys, axis_.KeysOf(columns[0], pool_));
  SeriesRows arranged;
  PointBatch& batch = arranged.batch;
  batch.first_row = first_row;
  if (series != nullptr || keys->null_count() > 0 || !Ascends(ValuesOf(*keys), keys->length())) {
    ARROW_RETURN_NOT_OK(PutInOrder(*keys, series, num_series));
    ARROW_RETURN_NOT_OK(TakeRows(&keys, &columns));
    ARROW_RETURN_NOT_OK(numbers_.ResizeUninitialized(order_.size()));
    for (int64_t i = 0; i < order_.size(); ++i) numbers_[i] = first_row + order_[i];
    batch.row_numbers = numbers_.data();
    for (int64_t s = 0; s < num_series; ++s) {
      const int64_t begin = s == 0 ? 0 : ends_[s - 1];
      if (begin < ends_[s]) {
        arranged.stretches.push_back({static_cast<uint32_t>(s), begin, ends_[s]});
      }
    }
  } else if (keys->length() > 0) {
    arranged.stretches.push_back({0, 0, keys->length()});
  }
  batch.rows = keys->length();
  batch.axis_keys = ValuesOf(*keys);
  batch.axis = std::move(keys);
  for (size_t c = 1; c < columns.size(); ++c) {
    ARROW_ASSIGN_OR_RAISE(auto values, PointValues::Make(columns[c], pool_));
    batch.ys.push_back(std::move(values));
  }
  batch.columns = std::move(columns);
  return arranged;
}

void SeriesArranger::Clear() {
  order_.Clear();
  numbers_.Clear();
  ends_.Clear();
}

// Counts the rows of each series, deals them out, and sorts those that do not ascend.
Status SeriesArranger::PutInOrder(const arrow::Array& keys, const uint32_t* series,
                                  int64_t num_series) {
  const int64_t* const values = ValuesOf(keys);
  const auto series_of = [&](int64_t row) { return series == nullptr ? 0 : series[row]; };
  ends_.Clear();
  ARROW_RETURN_NOT_OK(ends_.Resize(num_series));
  for (int64_t row = 0; row < keys.length(); ++row) {
    if (keys.IsValid(row)) ++ends_[series_of(row)];
  }
  int64_t rows = 0;
  for (int64_t s = 0; s < num_series; ++s) rows += std::exchange(ends_[s], rows);
  ARROW_RETURN_NOT_OK(order_.ResizeUninitialized(rows));
  for (int64_t row = 0; row < keys.length(); ++row) {
    if (keys.IsValid(row)) order_[ends_[series_of(row)]++] = row;
  }
  const auto before = [&](int64_t a, int64_t b) {
    return values[a] != values[b] ? values[a] < values[b] : a < b;
  };
  for (int64_t s = 0; s < num_series; ++s) {
    int64_t* const begin = order_.data() + (s == 0 ? 0 : ends_[s - 1]);
    int64_t* const end = order_.data() + ends_[s];
    if (!std::is_sorted(begin, end, before)) std::sort(begin, end, before);
  }
  return Status::OK();
}

Status SeriesArranger::TakeRows(std::shared_ptr<arrow::Array>* keys,
                                arrow::ArrayVector* columns) const {
  const auto indices = std::make_shared<arrow::Int64Array>(
      order_.size(),
      std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>(order_.data()),
                                      order_.size() * static_cast<int64_t>(sizeof(int64_t))));
  cp::ExecContext context(pool_, nullptr);
  const auto take = [&](std::shared_ptr<arrow::Array>* array) -> Status {
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum taken,
                          cp::Take(*array, indices, cp::TakeOptions::NoBoundsCheck(), &context));
    *array = taken.make_array();
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(take(keys));
  for (auto& column : *columns) ARROW_RETURN_NOT_OK(take(&column));
  return Status::OK();
}

}  // namespace headrace::shape
