#include "shape/row_store.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

namespace headrace::shape {
namespace {

namespace cp = arrow::compute;

constexpr int64_t kChunkRows = 1 << 16;

Result<std::shared_ptr<arrow::Array>> TakeArray(const std::shared_ptr<arrow::Array>& array,
                                                const std::shared_ptr<arrow::Array>& indices,
                                                arrow::MemoryPool* pool) {
  cp::ExecContext context(pool, nullptr);
  const auto take = [&](const arrow::Datum& values) {
    return cp::Take(values, indices, cp::TakeOptions::NoBoundsCheck(), &context);
  };
  if (!arrow::is_binary_view_like(array->type_id())) {
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum taken, take(array));
    return taken.make_array();
  }
  // Arrow takes no views: they are 16 bytes each, whose texts stay where they are.
  const arrow::ArrayData& data = *array->data();
  const auto views =
      arrow::ArrayData::Make(arrow::fixed_size_binary(16), data.length,
                             {data.buffers[0], data.buffers[1]}, data.null_count, data.offset);
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum taken, take(views));
  auto buffers = taken.array()->buffers;
  buffers.insert(buffers.end(), data.buffers.begin() + 2, data.buffers.end());
  return arrow::MakeArray(arrow::ArrayData::Make(array->type(), taken.length(), std::move(buffers),
                                                 taken.null_count()));
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(const arrow::RecordBatch& batch,
                                                     std::span<const int64_t> rows,
                                                     arrow::MemoryPool* pool) {
  const auto count = static_cast<int64_t>(rows.size());
  const auto indices = std::make_shared<arrow::Int64Array>(
      count, std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>(rows.data()),
                                             count * static_cast<int64_t>(sizeof(int64_t))));
  arrow::ArrayVector columns;
  for (const auto& column : batch.columns()) {
    ARROW_ASSIGN_OR_RAISE(auto taken, TakeArray(column, indices, pool));
    columns.push_back(std::move(taken));
  }
  return arrow::RecordBatch::Make(batch.schema(), count, std::move(columns));
}

RowStore::RowStore(std::shared_ptr<arrow::Schema> schema, arrow::MemoryPool* pool)
    : schema_(std::move(schema)), pool_(pool) {}

Status RowStore::Add(std::shared_ptr<arrow::RecordBatch> batch) {
  if (batch->num_rows() == 0) return Status::OK();
  pending_rows_ += batch->num_rows();
  num_rows_ += batch->num_rows();
  pending_.push_back(std::move(batch));
  return pending_rows_ < kChunkRows ? Status::OK() : Flush();
}

Status RowStore::Flush() {
  if (pending_.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto chunk, arrow::ConcatenateRecordBatches(pending_, pool_));
  pending_.clear();
  pending_rows_ = 0;
  bytes_ += arrow::util::TotalBufferSize(*chunk);
  chunks_.push_back(std::move(chunk));
  ends_.push_back(num_rows_);
  return Status::OK();
}

void RowStore::Clear() {
  pending_.clear();
  chunks_.clear();
  ends_.clear();
  pending_rows_ = num_rows_ = bytes_ = 0;
}

// From each chunk at once what is wanted of it, and then that in the order that is wanted.
Result<std::shared_ptr<arrow::RecordBatch>> RowStore::Rows(std::span<const int64_t> rows) const {
  if (rows.empty() || chunks_.empty()) return arrow::RecordBatch::MakeEmpty(schema_, pool_);
  if (chunks_.size() == 1) return TakeRows(*chunks_[0], rows, pool_);
  std::vector<size_t> by_chunk(rows.size());
  std::iota(by_chunk.begin(), by_chunk.end(), size_t{0});
  std::sort(by_chunk.begin(), by_chunk.end(),
            [&](size_t a, size_t b) { return rows[a] < rows[b]; });
  arrow::RecordBatchVector parts;
  std::vector<int64_t> places(rows.size());
  std::vector<int64_t> in_chunk;
  size_t next = 0;
  while (next < by_chunk.size()) {
    const auto end = std::upper_bound(ends_.begin(), ends_.end(), rows[by_chunk[next]]);
    const int64_t begin = end == ends_.begin() ? 0 : *(end - 1);
    in_chunk.clear();
    for (; next < by_chunk.size() && rows[by_chunk[next]] < *end; ++next) {
      in_chunk.push_back(rows[by_chunk[next]] - begin);
      places[by_chunk[next]] = static_cast<int64_t>(next);
    }
    const auto& chunk = chunks_[static_cast<size_t>(end - ends_.begin())];
    ARROW_ASSIGN_OR_RAISE(auto part, TakeRows(*chunk, in_chunk, pool_));
    parts.push_back(std::move(part));
  }
  ARROW_ASSIGN_OR_RAISE(const auto together, arrow::ConcatenateRecordBatches(parts, pool_));
  if (std::is_sorted(places.begin(), places.end())) return together;
  return TakeRows(*together, places, pool_);
}

}  // namespace headrace::shape
