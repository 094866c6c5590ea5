#include "scan/row_group_reader.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <parquet/metadata.h>

#include "scan/dictionary_rows.h"
#include "scan/fit_column.h"
#include "scan/parquet_border.h"
#include "scan/parquet_file.h"
#include "scan/row_number_column.h"

namespace headrace::scan {
RowGroupReader::RowGroupReader(RowGroupPiece piece, std::shared_ptr<const ReadPlan> plan,
                               const ReadPace& pace, arrow::MemoryPool* pool)
    : piece_(std::move(piece)),
      plan_(std::move(plan)),
      pace_(pace),
      pool_(pool),
      filter_(plan_, pool),
      num_filter_(piece_.filter_decided || plan_->filter.empty()
                      ? 0
                      : static_cast<size_t>(plan_->num_filter)) {}

Result<std::unique_ptr<RowGroupReader>> RowGroupReader::Make(RowGroupPiece piece,
                                                             std::shared_ptr<const ReadPlan> plan,
                                                             const ReadPace& pace,
                                                             arrow::MemoryPool* pool) {
  std::unique_ptr<RowGroupReader> reader;
  reader.reset(new RowGroupReader(std::move(piece), std::move(plan), pace, pool));
  ARROW_RETURN_NOT_OK(reader->OpenColumns());
  return reader;
}

Status RowGroupReader::OpenColumns() {
  row_bytes_ = 0;
  for (size_t field = 0; field < plan_->fields.size(); ++field) {
    const int column = (*piece_.sources)[field].column;
    columns_.emplace_back();
    if ((*piece_.sources)[field].is_row_number) {
      columns_.back() = MakeRowNumberColumn(piece_.first_row, pool_);
    }
    if (column < 0) continue;
    ColumnOptions options = pace_.column;
    options.by_dictionary = field < num_filter_ && plan_->alone[field];
    ARROW_ASSIGN_OR_RAISE(columns_.back(),
                          OpenColumn(piece_.file, piece_.row_group, column, options, pool_));
    row_bytes_ += EstimateRowBytes(*piece_.file, piece_.row_group,
                                   piece_.file->columns()[static_cast<size_t>(column)]);
  }
  row_bytes_ = std::max<int64_t>(row_bytes_, 1);
  return Status::OK();
}

int64_t RowGroupReader::WindowRows(int64_t rows_left) const noexcept {
  const ChunkContext context{
      .available_bytes = pace_.batch_bytes, .row_bytes = row_bytes_, .rows_left = rows_left};
  return std::clamp<int64_t>(pace_.strategy->RowsPerChunk(context), 1, rows_left);
}

int64_t RowGroupReader::ColumnBytes() const noexcept {
  // A column with long values may take half of a batch; the others are short then as a rule.
  return std::max<int64_t>(pace_.batch_bytes / 2, 1);
}

Status RowGroupReader::Skip(size_t begin_field, size_t end_field, int64_t rows) {
  if (rows == 0) return Status::OK();
  for (size_t field = begin_field; field < end_field; ++field) {
    if (columns_[field] != nullptr) ARROW_RETURN_NOT_OK(columns_[field]->Skip(rows));
  }
  return Status::OK();
}

// The next rows of a column, of its type in the plan; those of the mask, if there is one.
Result<std::shared_ptr<arrow::Array>> RowGroupReader::TakeRows(
    size_t field, int64_t rows, const std::shared_ptr<arrow::BooleanArray>& mask) {
  WindowColumn* const column = columns_[field].get();
  if (column == nullptr) {
    return arrow::MakeArrayFromScalar(*(*piece_.sources)[field].constant,
                                      mask == nullptr ? rows : mask->true_count(), pool_);
  }
  ARROW_ASSIGN_OR_RAISE(auto array,
                        mask == nullptr ? column->Take(rows) : column->TakeSelected(mask, pool_));
  if (pace_.rest) column->Rest();
  return Fit(field, std::move(array));
}

Result<std::shared_ptr<arrow::Array>> RowGroupReader::Fit(size_t field,
                                                          std::shared_ptr<arrow::Array> array) {
  auto fitted = FitColumn(std::move(array), plan_->fields[field]->type(), pool_);
  if (fitted.ok()) return fitted;
  return MisfitError({.path = piece_.file->path(),
                      .row_group = piece_.row_group,
                      .column = plan_->fields[field]->name()},
                     fitted.status());
}

Result<int64_t> RowGroupReader::ReadFilterColumns(int64_t rows) {
  for (size_t field = 0; field < num_filter_; ++field) {
    if (columns_[field] == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(rows, columns_[field]->Prepare(rows, ColumnBytes()));
  }
  window_.columns.clear();
  for (size_t field = 0; field < num_filter_; ++field) {
    ARROW_ASSIGN_OR_RAISE(auto array, TakeRows(field, rows, nullptr));
    window_.columns.push_back(std::move(array));
  }
  ARROW_ASSIGN_OR_RAISE(window_.mask, filter_.Decide(window_.columns, rows));
  return rows;
}

// Goes to the next rows that may be given out: false at the end of the piece.
Result<bool> RowGroupReader::NextWindow() {
  while (range_ < piece_.rows.size()) {
    ARROW_RETURN_NOT_OK(pace_.CheckNotStopped());
    const RowRange range = piece_.rows[range_];
    if (row_ < range.begin) {
      ARROW_RETURN_NOT_OK(Skip(0, columns_.size(), range.begin - row_));
      row_ = range.begin;
    }
    if (row_ >= range.end) {
      ++range_;
      continue;
    }
    window_ = Window();
    window_.rows = WindowRows(range.end - row_);
    if (num_filter_ == 0) {
      window_.end = window_.rows;
    } else {
      ARROW_ASSIGN_OR_RAISE(window_.rows, ReadFilterColumns(window_.rows));
      window_.at = pace_.late_columns ? window_.mask.first : 0;
      window_.end = pace_.late_columns ? window_.mask.end : window_.rows;
    }
    rows_read_ += window_.rows;
    row_ += window_.rows;
    if (window_.end == 0) {
      ARROW_RETURN_NOT_OK(Skip(num_filter_, columns_.size(), window_.rows));
      continue;
    }
    ARROW_RETURN_NOT_OK(Skip(num_filter_, columns_.size(), window_.at));
    return true;
  }
  return false;
}

// The next rows of the window as far as their columns can be read side by side.
Result<std::shared_ptr<arrow::RecordBatch>> RowGroupReader::TakePiece() {
  int64_t rows = window_.end - window_.at;
  for (size_t field = num_filter_; field < columns_.size(); ++field) {
    if (columns_[field] == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(rows, columns_[field]->Prepare(rows, ColumnBytes()));
  }
  std::shared_ptr<arrow::BooleanArray> mask;  // null: all of them
  int64_t kept = rows;
  if (window_.mask.rows != nullptr) {
    auto some =
        std::static_pointer_cast<arrow::BooleanArray>(window_.mask.rows->Slice(window_.at, rows));
    kept = some->true_count();
    if (kept < rows) mask = std::move(some);
  }
  arrow::compute::ExecContext context(pool_);
  arrow::ArrayVector arrays(columns_.size());
  for (size_t field = 0; field < columns_.size(); ++field) {
    if (field >= num_filter_) {
      ARROW_ASSIGN_OR_RAISE(arrays[field], TakeRows(field, rows, mask));
      continue;
    }
    arrays[field] = window_.columns[field]->Slice(window_.at, rows);
    if (mask == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(
        auto filtered, arrow::compute::Filter(arrays[field], mask,
                                              arrow::compute::FilterOptions::Defaults(), &context));
    arrays[field] = filtered.make_array();
  }
  window_.at += rows;
  if (window_.at == window_.end) {
    ARROW_RETURN_NOT_OK(Skip(num_filter_, columns_.size(), window_.rows - window_.end));
    window_.end = window_.rows = window_.at = 0;
    window_.columns.clear();
  }
  arrow::ArrayVector output;
  arrow::FieldVector fields;
  for (const int field : plan_->output) {
    output.push_back(std::move(arrays[static_cast<size_t>(field)]));
    fields.push_back(plan_->fields[static_cast<size_t>(field)]->WithType(output.back()->type()));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), kept, std::move(output));
}

// Rows of what is ready, with strings copied out, as many as fit.
Result<std::shared_ptr<arrow::RecordBatch>> RowGroupReader::TakeReady() {
  int64_t rows = ready_->num_rows() - ready_at_;
  const auto is_expanded = [&](int i) {
    return plan_->schema->field(i)->type()->id() != arrow::Type::DICTIONARY;
  };
  for (int i = 0; i < ready_->num_columns(); ++i) {
    if (is_expanded(i)) rows = RowsThatFit(*ready_->column(i), ready_at_, rows, ColumnBytes());
  }
  arrow::ArrayVector columns;
  for (int i = 0; i < ready_->num_columns(); ++i) {
    auto column = ready_->column(i)->Slice(ready_at_, rows);
    ARROW_ASSIGN_OR_RAISE(column, ShapeStrings(column, !is_expanded(i), pool_));
    columns.push_back(std::move(column));
  }
  ready_at_ += rows;
  if (ready_at_ == ready_->num_rows()) ready_ = nullptr;
  auto batch = arrow::RecordBatch::Make(plan_->schema, rows, std::move(columns));
  return batch;
}

Result<std::shared_ptr<arrow::RecordBatch>> RowGroupReader::Next() {
  while (ready_ == nullptr) {
    if (window_.at == window_.end) {
      ARROW_ASSIGN_OR_RAISE(const bool more, NextWindow());
      if (!more) return nullptr;
    }
    ARROW_ASSIGN_OR_RAISE(ready_, TakePiece());
    ready_at_ = 0;
    if (ready_->num_rows() == 0) ready_ = nullptr;
  }
  return TakeReady();
}

}  // namespace headrace::scan
