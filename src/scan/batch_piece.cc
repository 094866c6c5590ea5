#include "scan/batch_piece.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include "headrace/error_code.h"
#include "scan/dictionary_rows.h"
#include "scan/fit_column.h"
#include "scan/row_number_column.h"

namespace headrace::scan {
namespace {

// Strings by dictionary stay so, with int32 indices, as the filter and the output take them;
// other dictionaries are read by their values.
Result<std::shared_ptr<arrow::Array>> PlainDictionary(std::shared_ptr<arrow::Array> array,
                                                      arrow::MemoryPool* pool) {
  if (array->type_id() != arrow::Type::DICTIONARY) return array;
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
  if (encoded.dictionary()->type_id() != arrow::Type::STRING) return DecodeDictionary(array, pool);
  if (encoded.indices()->type_id() == arrow::Type::INT32) return array;
  arrow::compute::ExecContext context(pool);
  ARROW_ASSIGN_OR_RAISE(auto indices,
                        arrow::compute::Cast(*encoded.indices(), arrow::int32(),
                                             arrow::compute::CastOptions::Safe(), &context));
  return arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int32(), arrow::utf8()),
                                            std::move(indices), encoded.dictionary());
}

}  // namespace

BatchPiece::BatchPiece(std::shared_ptr<const BatchFile> file, std::unique_ptr<BatchStream> stream,
                       std::shared_ptr<const std::vector<FieldSource>> sources,
                       std::shared_ptr<const ReadPlan> plan, const ReadPace& pace, FileRows rows,
                       std::shared_ptr<MemoryBudget> pool)
    : pool_(std::move(pool)),
      file_(std::move(file)),
      stream_(std::move(stream)),
      sources_(std::move(sources)),
      plan_(std::move(plan)),
      pace_(pace),
      file_rows_(rows),
      filter_(plan_, pool_.get()) {}

// Goes to the next batch.
Status BatchPiece::Load() {
  columns_.clear();
  rows_ = at_ = 0;
  batch_row_ = stream_->next_row();
  ARROW_ASSIGN_OR_RAISE(const auto batch, stream_->Next());
  if (batch == nullptr) {
    ended_ = true;
    return Status::OK();
  }
  const auto& facts = file_->facts();
  int64_t bytes = 0;
  for (const FieldSource& source : *sources_) {
    columns_.emplace_back();
    if (source.column < 0) continue;
    const std::string& name = facts.schema->field(source.column)->name();
    auto column = batch->GetColumnByName(name);
    if (column == nullptr) {
      return ErrorAt(ErrorCode::kCorruptFile, {.path = facts.path, .column = name},
                     "the file was changed while it was scanned");
    }
    bytes += arrow::util::ReferencedBufferSize(*column).ValueOr(0);
    ARROW_ASSIGN_OR_RAISE(columns_.back(), PlainDictionary(std::move(column), pool_.get()));
  }
  rows_ = batch->num_rows();
  at_ = std::clamp<int64_t>(file_rows_.start - batch_row_, 0, rows_);
  row_bytes_ = std::max<int64_t>(1, bytes / std::max<int64_t>(1, rows_));
  return Status::OK();
}

int64_t BatchPiece::WindowRows() const noexcept {
  const int64_t left = rows_ - at_;
  const ChunkContext context{
      .available_bytes = pace_.batch_bytes, .row_bytes = row_bytes_, .rows_left = left};
  return std::clamp<int64_t>(pace_.strategy->RowsPerChunk(context), 1, left);
}

Result<std::shared_ptr<arrow::Array>> BatchPiece::Take(size_t field, int64_t rows) {
  if ((*sources_)[field].is_row_number) {
    return RowNumbers(file_rows_.first + batch_row_ + at_, rows, pool_.get());
  }
  if (columns_[field] == nullptr) {
    return arrow::MakeArrayFromScalar(*(*sources_)[field].constant, rows, pool_.get());
  }
  auto fitted =
      FitColumn(columns_[field]->Slice(at_, rows), plan_->fields[field]->type(), pool_.get());
  if (fitted.ok()) return fitted;
  return MisfitError({.path = file_->facts().path, .column = plan_->fields[field]->name()},
                     fitted.status());
}

// The next rows of the batch; null if none of them passes.
Result<std::shared_ptr<arrow::RecordBatch>> BatchPiece::TakeWindow(int64_t rows) {
  arrow::ArrayVector arrays;
  for (int field = 0; field < plan_->num_filter; ++field) {
    ARROW_ASSIGN_OR_RAISE(auto array, Take(static_cast<size_t>(field), rows));
    arrays.push_back(std::move(array));
  }
  std::shared_ptr<arrow::BooleanArray> mask;
  int64_t kept = rows;
  if (!plan_->filter.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto decided, filter_.Decide(arrays, rows));
    kept = decided.rows->true_count();
    if (kept == 0) return nullptr;
    if (kept < rows) mask = std::move(decided.rows);
  }
  arrow::compute::ExecContext context(pool_.get());
  arrow::ArrayVector output;
  for (const int position : plan_->output) {
    const auto field = static_cast<size_t>(position);
    std::shared_ptr<arrow::Array> array;
    if (field < arrays.size()) {
      array = arrays[field];
    } else {
      ARROW_ASSIGN_OR_RAISE(array, Take(field, rows));
    }
    if (mask != nullptr) {
      ARROW_ASSIGN_OR_RAISE(
          const auto filtered,
          arrow::compute::Filter(array, mask, arrow::compute::FilterOptions::Defaults(), &context));
      array = filtered.make_array();
    }
    const auto& wanted = plan_->schema->field(static_cast<int>(output.size()))->type();
    if (!array->type()->Equals(*wanted)) {
      ARROW_ASSIGN_OR_RAISE(
          array, ShapeStrings(array, wanted->id() == arrow::Type::DICTIONARY, pool_.get()));
    }
    output.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(plan_->schema, kept, std::move(output));
}

Result<std::shared_ptr<arrow::RecordBatch>> BatchPiece::Next() {
  for (;;) {
    ARROW_RETURN_NOT_OK(pace_.CheckNotStopped());
    while (at_ == rows_) {
      if (ended_) return nullptr;
      ARROW_RETURN_NOT_OK(Load());
    }
    const int64_t rows = WindowRows();
    ARROW_ASSIGN_OR_RAISE(auto batch, TakeWindow(rows));
    at_ += rows;
    if (at_ == rows_) columns_.clear();
    if (batch != nullptr) return batch;
  }
}

}  // namespace headrace::scan
