#include <utility>

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>

#include "headrace/error_code.h"
#include "shape/accumulator.h"
#include "shape/pool_vector.h"

namespace headrace::shape {
namespace {

namespace cp = arrow::compute;

constexpr size_t kMostChunks = 256;
constexpr int64_t kRowsToKeep = 1 << 16;

Status NeedsOneReader() {
  return MakeError(ErrorCode::kInternal, "first and last were asked of several readers");
}

Result<std::shared_ptr<arrow::Array>> TakeRows(const arrow::Array& values,
                                               const PoolVector<int64_t>& rows,
                                               arrow::MemoryPool* pool) {
  const arrow::Int64Array indices(
      rows.size(), arrow::Buffer::Wrap(rows.data(), static_cast<size_t>(rows.size())));
  cp::ExecContext context(pool, nullptr);
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum taken,
                        cp::Take(arrow::MakeArray(values.data()), indices,
                                 cp::TakeOptions::NoBoundsCheck(), &context));
  return taken.make_array();
}

// The chunks as one array, which becomes the only chunk.
Result<std::shared_ptr<arrow::Array>> Join(const std::shared_ptr<arrow::DataType>& type,
                                           arrow::ArrayVector* chunks, arrow::MemoryPool* pool) {
  if (chunks->empty()) return arrow::MakeEmptyArray(type, pool);
  if (chunks->size() > 1) {
    ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(*chunks, pool));
    *chunks = {std::move(joined)};
  }
  return chunks->front();
}

// Groups are numbered as their first rows come, so the first rows of groups that are new in a batch
// are the next part of the answer.
class FirstRows final : public Accumulator {
 public:
  FirstRows(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : type_(std::move(type)), pool_(pool), rows_(pool) {}

  Status Resize(int64_t num_groups) override {
    num_groups_ = num_groups;
    return Status::OK();
  }

  Status Add(const arrow::Array& values, const uint32_t* groups) override {
    if (found_ == num_groups_) return Status::OK();
    ARROW_RETURN_NOT_OK(rows_.Resize(0));
    for (int64_t row = 0; row < values.length() && found_ < num_groups_; ++row) {
      if ((groups != nullptr ? groups[row] : 0) != found_) continue;
      ARROW_RETURN_NOT_OK(rows_.Append(row));
      ++found_;
    }
    ARROW_ASSIGN_OR_RAISE(auto chunk, TakeRows(values, rows_, pool_));
    chunks_.push_back(std::move(chunk));
    return chunks_.size() < kMostChunks ? Status::OK() : Join(type_, &chunks_, pool_).status();
  }

  Status Merge(Accumulator* other, const uint32_t* groups) override { return NeedsOneReader(); }

  Result<std::shared_ptr<arrow::Array>> Finish(const expr::Aggregate& aggregate) override {
    if (found_ < num_groups_) return arrow::MakeArrayOfNull(type_, num_groups_, pool_);
    return Join(type_, &chunks_, pool_);
  }

  int64_t bytes() const override { return rows_.bytes(); }

 private:
  std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* pool_;
  PoolVector<int64_t> rows_;
  arrow::ArrayVector chunks_;
  int64_t num_groups_ = 0;
  int64_t found_ = 0;
};

// Rows that were the last ones of their group in their batch, as chunks, and where among them the
// row of each group lies. Those that others have replaced are dropped now and then.
class LastRows final : public Accumulator {
 public:
  LastRows(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : type_(std::move(type)), pool_(pool), places_(pool), rows_(pool) {}

  Status Resize(int64_t num_groups) override { return places_.Resize(num_groups, -1); }

  Status Add(const arrow::Array& values, const uint32_t* groups) override {
    const auto group_of = [&](int64_t row) { return groups != nullptr ? groups[row] : 0; };
    // First the row of the batch, behind all places that there are, then its place.
    for (int64_t row = 0; row < values.length(); ++row) places_[group_of(row)] = held_ + row;
    ARROW_RETURN_NOT_OK(rows_.Resize(0));
    for (int64_t row = 0; row < values.length(); ++row) {
      if (places_[group_of(row)] == held_ + row) ARROW_RETURN_NOT_OK(rows_.Append(row));
    }
    for (int64_t i = 0; i < rows_.size(); ++i) places_[group_of(rows_[i])] = held_ + i;
    ARROW_ASSIGN_OR_RAISE(auto chunk, TakeRows(values, rows_, pool_));
    chunks_.push_back(std::move(chunk));
    held_ += rows_.size();
    if (chunks_.size() < kMostChunks && held_ < 2 * places_.size() + kRowsToKeep) {
      return Status::OK();
    }
    return Tidy();
  }

  Status Merge(Accumulator* other, const uint32_t* groups) override { return NeedsOneReader(); }

  Result<std::shared_ptr<arrow::Array>> Finish(const expr::Aggregate& aggregate) override {
    if (held_ == 0) return arrow::MakeArrayOfNull(type_, places_.size(), pool_);
    ARROW_RETURN_NOT_OK(Tidy());
    return chunks_.front();
  }

  int64_t bytes() const override { return rows_.bytes() + places_.bytes(); }

 private:
  // Every group that there is has had a row.
  Status Tidy() {
    ARROW_ASSIGN_OR_RAISE(const auto joined, Join(type_, &chunks_, pool_));
    ARROW_ASSIGN_OR_RAISE(auto kept, TakeRows(*joined, places_, pool_));
    chunks_ = {std::move(kept)};
    held_ = places_.size();
    for (int64_t group = 0; group < held_; ++group) places_[group] = group;
    return Status::OK();
  }

  std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* pool_;
  PoolVector<int64_t> places_;
  PoolVector<int64_t> rows_;
  arrow::ArrayVector chunks_;
  int64_t held_ = 0;
};

}  // namespace

AccumulatorPtr MakeFirstRows(const std::shared_ptr<arrow::DataType>& type,
                             arrow::MemoryPool* pool) {
  return std::make_unique<FirstRows>(type, pool);
}

AccumulatorPtr MakeLastRows(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) {
  return std::make_unique<LastRows>(type, pool);
}

}  // namespace headrace::shape
