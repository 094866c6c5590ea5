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

Result<std::shared_ptr<arrow::Array>> TakeValues(const arrow::Array& values,
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

// The first or the last row of each group: rows that were it in their batch, as chunks, and where
// among them the row of each group lies. Those that later ones have replaced are dropped now and
// then.
class EdgeRows final : public Accumulator {
 public:
  EdgeRows(bool last, std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : last_(last), type_(std::move(type)), pool_(pool), places_(pool), rows_(pool) {}

  Status Resize(int64_t num_groups) override { return places_.Resize(num_groups, kNone); }

  Status Add(const arrow::Array& values, const uint32_t* groups) override {
    ARROW_RETURN_NOT_OK(rows_.ResizeUninitialized(values.length()));
    const auto group_of = [&](int64_t row) { return groups != nullptr ? groups[row] : 0; };
    const int64_t found =
        last_ ? FindLast(values.length(), group_of) : FindFirst(values.length(), group_of);
    if (found == 0) return Status::OK();
    ARROW_RETURN_NOT_OK(rows_.ResizeUninitialized(found));
    ARROW_ASSIGN_OR_RAISE(auto chunk, TakeValues(values, rows_, pool_));
    chunks_.push_back(std::move(chunk));
    held_ += found;
    if (chunks_.size() < kMostChunks && held_ < 2 * places_.size() + kRowsToKeep) {
      return Status::OK();
    }
    return Tidy();
  }

  Status Merge(Accumulator* other, const uint32_t* groups) override {
    return MakeError(ErrorCode::kInternal, "first and last were asked of several readers");
  }

  Result<std::shared_ptr<arrow::Array>> Finish(const expr::Aggregate& aggregate) override {
    if (held_ == 0) return arrow::MakeArrayOfNull(type_, places_.size(), pool_);
    ARROW_RETURN_NOT_OK(Tidy());
    return chunks_.front();
  }

  int64_t bytes() const override { return rows_.bytes() + places_.bytes(); }

 private:
  static constexpr int64_t kNone = -1;

  // Writes the rows that are their groups' to rows_, and their places; returns how many.
  template <typename GroupOf>
  int64_t FindFirst(int64_t rows, const GroupOf& group_of) {
    int64_t found = 0;
    for (int64_t row = 0; row < rows && num_found_ < places_.size(); ++row) {
      int64_t& place = places_[group_of(row)];
      if (place != kNone) continue;
      place = held_ + found;
      rows_[found++] = row;
      ++num_found_;
    }
    return found;
  }

  template <typename GroupOf>
  int64_t FindLast(int64_t rows, const GroupOf& group_of) {
    // First the row of the batch, behind all places that there are, then its place.
    for (int64_t row = 0; row < rows; ++row) places_[group_of(row)] = held_ + row;
    int64_t found = 0;
    for (int64_t row = 0; row < rows; ++row) {
      if (places_[group_of(row)] == held_ + row) rows_[found++] = row;
    }
    for (int64_t i = 0; i < found; ++i) places_[group_of(rows_[i])] = held_ + i;
    return found;
  }

  // Every group that there is has had a row.
  Status Tidy() {
    if (chunks_.size() > 1) {
      ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(chunks_, pool_));
      chunks_ = {std::move(joined)};
    }
    ARROW_ASSIGN_OR_RAISE(auto kept, TakeValues(*chunks_.front(), places_, pool_));
    chunks_ = {std::move(kept)};
    held_ = places_.size();
    for (int64_t group = 0; group < held_; ++group) places_[group] = group;
    return Status::OK();
  }

  bool last_;
  std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* pool_;
  PoolVector<int64_t> places_;
  PoolVector<int64_t> rows_;
  arrow::ArrayVector chunks_;
  int64_t held_ = 0;
  int64_t num_found_ = 0;
};

}  // namespace

AccumulatorPtr MakeFirstRows(const std::shared_ptr<arrow::DataType>& type,
                             arrow::MemoryPool* pool) {
  return std::make_unique<EdgeRows>(false, type, pool);
}

AccumulatorPtr MakeLastRows(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) {
  return std::make_unique<EdgeRows>(true, type, pool);
}

}  // namespace headrace::shape
