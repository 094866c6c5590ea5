#include "shape/sample.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "shape/column_index.h"
#include "shape/computed_reader.h"
#include "shape/group_keys.h"
#include "shape/pool_vector.h"
#include "shape/row_chances.h"
#include "shape/row_store.h"

namespace headrace::shape {
namespace {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;
using ReaderPtr = std::shared_ptr<arrow::RecordBatchReader>;

/// The stratum of each row of a batch; one, number 0, without a column for it.
class Strata {
 public:
  static Result<Strata> Make(const arrow::Schema& schema, const SamplePlan& plan,
                             arrow::MemoryPool* pool) {
    Strata strata;
    if (!plan.stratify) return strata;
    ARROW_ASSIGN_OR_RAISE(strata.place_, ColumnIndex(schema, *plan.stratify, "stratify"));
    ARROW_ASSIGN_OR_RAISE(strata.keys_,
                          GroupKeys::Make({schema.field(strata.place_)->type()}, pool));
    return strata;
  }

  Status Number(const arrow::RecordBatch& batch) {
    if (keys_ == nullptr) return Status::OK();
    return keys_->Number({batch.column(place_)}).Value(&numbers_);
  }
  int64_t count() const { return keys_ == nullptr ? 1 : keys_->num_groups(); }
  int64_t Of(int64_t row) const { return numbers_ == nullptr ? 0 : numbers_[row]; }

 private:
  int place_ = -1;
  std::unique_ptr<GroupKeys> keys_;
  const uint32_t* numbers_ = nullptr;
};

/// Each row with the same chance, as they come.
class FractionReader final : public arrow::RecordBatchReader {
 public:
  FractionReader(ReaderPtr input, const SamplePlan& plan, Strata strata, arrow::MemoryPool* pool)
      : input_(std::move(input)),
        fraction_(*plan.fraction),
        stratified_(plan.stratify.has_value()),
        chances_(plan.seed),
        strata_(std::move(strata)),
        pool_(pool),
        shares_(pool),
        chosen_(pool) {}

  std::shared_ptr<arrow::Schema> schema() const override { return input_->schema(); }

  Status ReadNext(BatchPtr* batch) override {
    for (;;) {
      ARROW_RETURN_NOT_OK(input_->ReadNext(batch));
      if (*batch == nullptr) return Status::OK();
      ARROW_RETURN_NOT_OK(Choose(**batch));
      num_rows_ += (*batch)->num_rows();
      if (chosen_.size() == 0) continue;
      if (chosen_.size() == (*batch)->num_rows()) return Status::OK();
      const std::span<const int64_t> rows(chosen_.data(), static_cast<size_t>(chosen_.size()));
      return TakeRows(**batch, rows, pool_).Value(batch);
    }
  }

  Status Close() override { return input_->Close(); }

 private:
  Status Choose(const arrow::RecordBatch& batch) {
    ARROW_RETURN_NOT_OK(chosen_.ResizeUninitialized(0));
    ARROW_RETURN_NOT_OK(chosen_.Reserve(batch.num_rows()));
    if (!stratified_) {
      const double bound = std::ldexp(fraction_, 64);
      for (int64_t row = 0; row < batch.num_rows(); ++row) {
        // A chance is rounded to 53 bits, or it could be 2^64 as a double.
        const auto chance = static_cast<double>(chances_.Of(num_rows_ + row) >> 11) * 0x1p11;
        if (chance < bound) ARROW_RETURN_NOT_OK(chosen_.Append(row));
      }
      return Status::OK();
    }
    ARROW_RETURN_NOT_OK(strata_.Number(batch));
    const StratumShare none(0, chances_);
    ARROW_RETURN_NOT_OK(shares_.Resize(strata_.count(), {.begun = false, .share = none}));
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      Stratum& stratum = shares_[strata_.Of(row)];
      if (!std::exchange(stratum.begun, true)) {
        stratum.share = StratumShare(fraction_, chances_.For(num_rows_ + row));
      }
      if (stratum.share.Next()) ARROW_RETURN_NOT_OK(chosen_.Append(row));
    }
    return Status::OK();
  }

  struct Stratum {
    bool begun;
    StratumShare share;
  };

  const ReaderPtr input_;
  const double fraction_;
  const bool stratified_;
  const RowChances chances_;
  Strata strata_;
  arrow::MemoryPool* const pool_;
  PoolVector<Stratum> shares_;
  PoolVector<int64_t> chosen_;  // rows of the batch
  int64_t num_rows_ = 0;
};

/// So many rows: those with the least chances, of which no others are held.
class ReservoirReader final : public ComputedReader {
 public:
  ReservoirReader(const ReaderPtr& input, const SamplePlan& plan, Strata strata,
                  arrow::MemoryPool* pool)
      : ComputedReader({input}, input->schema(), "the sampling"),
        rows_(*plan.rows),
        chances_(plan.seed),
        strata_(std::move(strata)),
        pool_(pool),
        store_(input->schema(), pool),
        share_(pool),
        order_(pool) {}

 private:
  Status NextBatch(BatchPtr* batch) override {
    const int64_t rows = std::min(kComputedBatchRows, order_.size() - next_);
    if (rows == 0) {
      store_.Clear();
      return Status::OK();
    }
    const int64_t* const first = order_.data() + std::exchange(next_, next_ + rows);
    return store_.Rows({first, static_cast<size_t>(rows)}).Value(batch);
  }

  struct Held {
    uint64_t chance;
    int64_t row;    // of the input
    int64_t place;  // in the store
    bool operator<(const Held& other) const {
      return chance != other.chance ? chance < other.chance : row < other.row;
    }
  };

  void Release() override {
    heaps_.clear();
    store_.Clear();
    order_.Clear();
    share_.Clear();
    next_ = 0;
  }

  Status Compute() override {
    if (rows_ > 0) {
      ARROW_RETURN_NOT_OK(ReadAll(input(), [this](const BatchPtr& batch) { return Add(*batch); }));
      ARROW_RETURN_NOT_OK(store_.Flush());
    }
    return Arrange();
  }

  Status Add(const arrow::RecordBatch& batch) {
    ARROW_RETURN_NOT_OK(strata_.Number(batch));
    // What the heaps take themselves, which is not from the pool.
    ARROW_RETURN_NOT_OK(
        share_.Reserve(strata_.count() * static_cast<int64_t>(sizeof(PoolVector<Held>))));
    while (static_cast<int64_t>(heaps_.size()) < strata_.count()) heaps_.emplace_back(pool_);
    std::vector<int64_t> chosen;
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      const Held held = {.chance = chances_.Of(num_rows_ + row),
                         .row = num_rows_ + row,
                         .place = store_.num_rows() + static_cast<int64_t>(chosen.size())};
      PoolVector<Held>& heap = heaps_[static_cast<size_t>(strata_.Of(row))];
      if (heap.size() == rows_) {
        if (!(held < heap[0])) continue;
        std::pop_heap(heap.data(), heap.data() + heap.size());
        heap[heap.size() - 1] = held;
      } else {
        ARROW_RETURN_NOT_OK(heap.Append(held));
        ++num_held_;
      }
      std::push_heap(heap.data(), heap.data() + heap.size());
      chosen.push_back(row);
    }
    num_rows_ += batch.num_rows();
    if (chosen.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto rows, TakeRows(batch, chosen, pool_));
    return store_.Add(std::move(rows));
  }

  // Those that were displaced.
  Status DropOthers() {
    ARROW_RETURN_NOT_OK(store_.Flush());
    ARROW_RETURN_NOT_OK(Arrange());
    RowStore kept(schema(), pool_);
    for (int64_t i = 0; i < order_.size(); i += kComputedBatchRows) {
      const int64_t rows = std::min(kComputedBatchRows, order_.size() - i);
      ARROW_ASSIGN_OR_RAISE(auto batch,
                            store_.Rows({order_.data() + i, static_cast<size_t>(rows)}));
      ARROW_RETURN_NOT_OK(kept.Add(std::move(batch)));
    }
    for (auto& heap : heaps_) {
      for (int64_t i = 0; i < heap.size(); ++i) {
        heap[i].place =
            std::lower_bound(order_.data(), order_.data() + order_.size(), heap[i].place) -
            order_.data();
      }
    }
    store_ = std::move(kept);
    return Status::OK();
  }

  // Places of the rows that are held; rows come into the store in the order of the input.
  Status Arrange() {
    ARROW_RETURN_NOT_OK(order_.ResizeUninitialized(num_held_));
    int64_t count = 0;
    for (const auto& heap : heaps_) {
      for (int64_t i = 0; i < heap.size(); ++i) order_[count++] = heap[i].place;
    }
    std::sort(order_.data(), order_.data() + order_.size());
    return Status::OK();
  }

  const int64_t rows_;
  const RowChances chances_;
  Strata strata_;
  arrow::MemoryPool* const pool_;
  RowStore store_;
  std::vector<PoolVector<Held>> heaps_;  // one for each stratum, the greatest chance on top
  PoolVector<std::byte> share_;
  PoolVector<int64_t> order_;
  int64_t num_held_ = 0;
  int64_t num_rows_ = 0;
  int64_t next_ = 0;
};

Status CheckPlan(const SamplePlan& plan) {
  if (plan.rows.has_value() == plan.fraction.has_value()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a sample is a number of rows or a fraction of them, one of the two",
                     {"sample"});
  }
  if (plan.rows && *plan.rows < 0) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("sample is at least 0, not {}", *plan.rows), {"sample"});
  }
  if (plan.fraction && !(*plan.fraction >= 0 && *plan.fraction <= 1)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("fraction is 0 to 1, not {}", *plan.fraction), {"fraction"});
  }
  return Status::OK();
}

}  // namespace

Result<ReaderPtr> Sample(ReaderPtr input, const SamplePlan& plan, arrow::MemoryPool* pool) {
  static const Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  ARROW_RETURN_NOT_OK(CheckPlan(plan));
  ARROW_ASSIGN_OR_RAISE(Strata strata, Strata::Make(*input->schema(), plan, pool));
  if (plan.fraction) {
    return std::make_shared<FractionReader>(std::move(input), plan, std::move(strata), pool);
  }
  return std::make_shared<ReservoirReader>(input, plan, std::move(strata), pool);
}

}  // namespace headrace::shape
