#include <utility>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include "kernels/aggregate/extremes.h"
#include "shape/accumulator.h"
#include "shape/number_column.h"
#include "shape/pool_vector.h"
#include "shape/value_table.h"

namespace headrace::shape {
namespace {

Result<std::shared_ptr<arrow::Array>> CountArray(const PoolVector<int64_t>& counts,
                                                 arrow::MemoryPool* pool) {
  arrow::Int64Builder builder(pool);
  ARROW_RETURN_NOT_OK(builder.Reserve(counts.size()));
  for (int64_t group = 0; group < counts.size(); ++group) builder.UnsafeAppend(counts[group]);
  return builder.Finish();
}

class Counts final : public Accumulator {
 public:
  Counts(bool of_rows, arrow::MemoryPool* pool) : of_rows_(of_rows), pool_(pool), counts_(pool) {}

  Status Resize(int64_t num_groups) override { return counts_.Resize(num_groups); }

  Status Add(const arrow::Array& values, const uint32_t* groups) override {
    // Nulls in a union or a run-end encoded array have no bitmap; those in an array of nulls too.
    if (of_rows_ || values.type_id() != arrow::Type::NA) {
      kernels::GroupedRows rows{.groups = groups, .rows = values.length()};
      if (!of_rows_) rows = RowsOf(values, groups);
      kernels::AddCounts(rows, counts_.data());
    }
    return Status::OK();
  }

  Status Merge(Accumulator* other, const uint32_t* groups) override {
    const auto& from = static_cast<Counts*>(other)->counts_;
    for (int64_t i = 0; i < from.size(); ++i) {
      counts_[groups != nullptr ? groups[i] : i] += from[i];
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish(const expr::Aggregate& aggregate) override {
    return CountArray(counts_, pool_);
  }

  int64_t bytes() const override { return counts_.bytes(); }

 private:
  bool of_rows_;
  arrow::MemoryPool* pool_;
  PoolVector<int64_t> counts_;
};

// The different pairs of group and value.
class DistinctCounts final : public Accumulator {
 public:
  DistinctCounts(std::unique_ptr<ValueTable> pairs, arrow::MemoryPool* pool)
      : pairs_(std::move(pairs)), pool_(pool), numbers_(pool), zeros_(pool) {}

  Status Resize(int64_t num_groups) override {
    num_groups_ = num_groups;
    return Status::OK();
  }

  Status Add(const arrow::Array& values, const uint32_t* groups) override {
    const int64_t rows = values.length();
    if (groups == nullptr) {
      ARROW_RETURN_NOT_OK(zeros_.Resize(rows));
      groups = zeros_.data();
    }
    ARROW_RETURN_NOT_OK(numbers_.ResizeUninitialized(rows));
    auto column = std::make_shared<arrow::UInt32Array>(
        rows, arrow::Buffer::Wrap(groups, static_cast<size_t>(rows)));
    return pairs_->Number({std::move(column), arrow::MakeArray(values.data())}, numbers_.data());
  }

  Status Merge(Accumulator* other, const uint32_t* groups) override {
    ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector pairs,
                          static_cast<DistinctCounts*>(other)->pairs_->Values());
    const int64_t rows = pairs[0]->length();
    const auto* from = pairs[0]->data()->GetValues<uint32_t>(1);
    PoolVector<uint32_t> here(pool_);
    ARROW_RETURN_NOT_OK(here.ResizeUninitialized(rows));
    for (int64_t i = 0; i < rows; ++i) here[i] = groups != nullptr ? groups[from[i]] : from[i];
    constexpr int64_t kSlice = 1 << 15;
    for (int64_t row = 0; row < rows; row += kSlice) {
      ARROW_RETURN_NOT_OK(Add(*pairs[1]->Slice(row, kSlice), here.data() + row));
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish(const expr::Aggregate& aggregate) override {
    PoolVector<int64_t> counts(pool_);
    ARROW_RETURN_NOT_OK(counts.Resize(num_groups_));
    if (pairs_->size() > 0) {
      ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector pairs, pairs_->Values());
      if (pairs[1]->type_id() != arrow::Type::NA) {
        kernels::AddCounts(RowsOf(*pairs[1], pairs[0]->data()->GetValues<uint32_t>(1)),
                           counts.data());
      }
    }
    return CountArray(counts, pool_);
  }

  int64_t bytes() const override { return pairs_->bytes() + numbers_.bytes() + zeros_.bytes(); }

 private:
  std::unique_ptr<ValueTable> pairs_;
  arrow::MemoryPool* pool_;
  PoolVector<uint32_t> numbers_;
  PoolVector<uint32_t> zeros_;
  int64_t num_groups_ = 0;
};

}  // namespace

AccumulatorPtr MakeRowCounts(arrow::MemoryPool* pool) {
  return std::make_unique<Counts>(true, pool);
}

AccumulatorPtr MakeValueCounts(arrow::MemoryPool* pool) {
  return std::make_unique<Counts>(false, pool);
}

Result<AccumulatorPtr> MakeDistinctCounts(const std::shared_ptr<arrow::DataType>& type,
                                          arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto pairs, ValueTable::Make({arrow::uint32(), type}, pool));
  return std::make_unique<DistinctCounts>(std::move(pairs), pool);
}

}  // namespace headrace::shape
