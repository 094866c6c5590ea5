#include "codec/row_gatherer.h"

#include <algorithm>
#include <utility>

#include <arrow/array/concatenate.h>
#include <arrow/array/data.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "codec/row_bytes.h"

namespace headrace::codec {
namespace {

/// What an array takes beside its values: ArrayData, Array, and buffers that are rounded up.
constexpr int64_t kArrayBytes = 640;
constexpr size_t kFan = 16;
constexpr int kTopLevel = 4;  // 65,536 rows and more are not joined

int LevelOf(int64_t rows) {
  int level = 0;
  while (level < kTopLevel && rows >= static_cast<int64_t>(kFan)) {
    rows /= static_cast<int64_t>(kFan);
    ++level;
  }
  return level;
}

int64_t CountArrays(const arrow::ArrayData& data) {
  int64_t arrays = 1;
  for (const auto& child : data.child_data) arrays += CountArrays(*child);
  return arrays;
}

int64_t DictionaryBytes(const arrow::ArrayData& dictionary) {
  return RowBytes(dictionary, 0, dictionary.length);
}

}  // namespace

Status RowGatherer::Add(std::shared_ptr<arrow::RecordBatch> rows, Source source) {
  if (rows->num_rows() == 0) return Status::OK();
  if (source == Source::kBorrowed) {
    ARROW_ASSIGN_OR_RAISE(rows, JoinBatches({rows}, pool_));
  }
  for (int i = 0; i < rows->num_columns(); ++i) AddDictionaries(*rows->column_data(i));
  parts_.push_back(MakePart(std::move(rows)));
  num_rows_ += parts_.back().rows->num_rows();
  bytes_ += parts_.back().bytes;
  JoinSmallParts();
  return Status::OK();
}

std::vector<std::shared_ptr<arrow::RecordBatch>> RowGatherer::Take() {
  std::vector<std::shared_ptr<arrow::RecordBatch>> all;
  all.reserve(parts_.size());
  for (Part& part : parts_) all.push_back(std::move(part.rows));
  parts_.clear();
  dictionaries_.clear();
  num_rows_ = 0;
  bytes_ = 0;
  return all;
}

RowGatherer::Part RowGatherer::MakePart(std::shared_ptr<arrow::RecordBatch> rows) const {
  int64_t bytes = RowBytes(*rows, 0, rows->num_rows());
  for (int i = 0; i < rows->num_columns(); ++i) {
    bytes += kArrayBytes * CountArrays(*rows->column_data(i));
  }
  const int level = LevelOf(rows->num_rows());
  return {std::move(rows), level, bytes};
}

// As carrying in a counter of base 16: when sixteen parts of a level stand at the end, they become
// one of the next. A row is copied once for each level.
void RowGatherer::JoinSmallParts() {
  while (true) {
    const int level = parts_.back().level;
    size_t first = parts_.size();
    while (first > 0 && parts_[first - 1].level <= level) --first;
    if (level >= kTopLevel || parts_.size() - first < kFan || !JoinFrom(first)) return;
  }
}

bool RowGatherer::JoinFrom(size_t first) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  int64_t bytes = 0;
  int level = 0;
  for (size_t i = first; i < parts_.size(); ++i) {
    batches.push_back(parts_[i].rows);
    bytes += parts_[i].bytes;
    level = std::max(level, parts_[i].level);
  }
  auto joined = JoinBatches(batches, pool_);
  // What cannot be one batch stays as it is.
  if (!joined.ok()) return false;
  parts_.resize(first);
  parts_.push_back(MakePart(*std::move(joined)));
  parts_.back().level = std::max(parts_.back().level, level + 1);
  bytes_ += parts_.back().bytes - bytes;
  return true;
}

void RowGatherer::AddDictionaries(const arrow::ArrayData& data) {
  constexpr size_t kRemembered = 256;
  for (const auto& child : data.child_data) AddDictionaries(*child);
  if (data.dictionary == nullptr) return;
  const auto* const dictionary = data.dictionary.get();
  if (std::find(dictionaries_.begin(), dictionaries_.end(), dictionary) != dictionaries_.end()) {
    return;
  }
  if (dictionaries_.size() == kRemembered) dictionaries_.clear();
  dictionaries_.push_back(dictionary);
  bytes_ += DictionaryBytes(*dictionary);
  AddDictionaries(*dictionary);
}

Result<std::shared_ptr<arrow::RecordBatch>> JoinBatches(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches, arrow::MemoryPool* pool) {
  const auto& schema = batches.front()->schema();
  int64_t rows = 0;
  for (const auto& batch : batches) rows += batch->num_rows();
  arrow::ArrayVector columns;
  for (int i = 0; i < schema->num_fields(); ++i) {
    arrow::ArrayVector pieces;
    for (const auto& batch : batches) pieces.push_back(batch->column(i));
    ARROW_ASSIGN_OR_RAISE(auto column, arrow::Concatenate(pieces, pool));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

}  // namespace headrace::codec
