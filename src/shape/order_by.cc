#include "shape/order_by.h"

#include <algorithm>
#include <utility>

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "shape/computed_reader.h"
#include "shape/pool_vector.h"
#include "shape/row_store.h"
#include "shape/sort_keys.h"

namespace headrace::shape {
namespace {

namespace cp = arrow::compute;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;
using ReaderPtr = std::shared_ptr<arrow::RecordBatchReader>;

std::span<const int64_t> IndicesOf(const arrow::Array& sorted, int64_t begin, int64_t rows) {
  const uint64_t* const values = static_cast<const arrow::UInt64Array&>(sorted).raw_values();
  return {reinterpret_cast<const int64_t*>(values) + begin, static_cast<size_t>(rows)};
}

/// The first `limit` rows of the order among those that were added.
class TopRows {
 public:
  TopRows(const SortKeys& keys, int64_t limit, std::shared_ptr<arrow::Schema> schema,
          arrow::MemoryPool* pool)
      : keys_(keys), limit_(limit), schema_(std::move(schema)), pool_(pool) {}

  Status Add(BatchPtr batch) {
    ARROW_RETURN_NOT_OK(DropLater(&batch));
    if (batch->num_rows() == 0) return Status::OK();
    // The rows that are held come first: where keys are equal they were earlier.
    num_pending_ += batch->num_rows();
    pending_.push_back(std::move(batch));
    return num_pending_ < std::max(limit_, kComputedBatchRows) ? Status::OK() : Merge();
  }

  Result<BatchPtr> Finish() {
    ARROW_RETURN_NOT_OK(Merge());
    if (top_ == nullptr) return arrow::RecordBatch::MakeEmpty(schema_, pool_);
    return top_;
  }

 private:
  // Rows that come after the last one that is held, when there are enough.
  Status DropLater(BatchPtr* batch) const {
    if (bound_ == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto keys, keys_.Of(**batch, pool_));
    ARROW_ASSIGN_OR_RAISE(const auto up_to, keys_.UpTo(*keys, bound_, pool_));
    if (up_to == nullptr) return Status::OK();
    std::vector<int64_t> rows;
    const auto& mask = static_cast<const arrow::BooleanArray&>(*up_to);
    for (int64_t row = 0; row < mask.length(); ++row) {
      if (mask.IsValid(row) && mask.Value(row)) rows.push_back(row);
    }
    if (static_cast<int64_t>(rows.size()) == mask.length()) return Status::OK();
    return TakeRows(**batch, rows, pool_).Value(batch);
  }

  Status Merge() {
    if (pending_.empty()) return Status::OK();
    if (top_ != nullptr) pending_.insert(pending_.begin(), std::move(top_));
    ARROW_ASSIGN_OR_RAISE(const BatchPtr all, arrow::ConcatenateRecordBatches(pending_, pool_));
    pending_.clear();
    num_pending_ = 0;
    top_ = nullptr;
    ARROW_ASSIGN_OR_RAISE(const BatchPtr keys, keys_.Of(*all, pool_));
    ARROW_ASSIGN_OR_RAISE(const auto order, keys_.Sort({keys}, pool_));
    const int64_t rows = std::min(limit_, all->num_rows());
    const auto first = IndicesOf(*order, 0, rows);
    ARROW_ASSIGN_OR_RAISE(top_, TakeRows(*all, first, pool_));
    if (rows == limit_) {
      ARROW_ASSIGN_OR_RAISE(bound_, keys->column(0)->GetScalar(first.back()));
    }
    return Status::OK();
  }

  const SortKeys& keys_;
  const int64_t limit_;
  const std::shared_ptr<arrow::Schema> schema_;
  arrow::MemoryPool* const pool_;
  BatchPtr top_;  // in their order
  arrow::RecordBatchVector pending_;
  int64_t num_pending_ = 0;
  std::shared_ptr<arrow::Scalar> bound_;  // the first key of the last row of top_, if that is full
};

class OrderReader final : public ComputedReader {
 public:
  OrderReader(const ReaderPtr& input, SortKeys keys, const OrderOptions& options,
              arrow::MemoryPool* pool)
      : ComputedReader({input}, input->schema(), "the ordering"),
        keys_(std::move(keys)),
        options_(options),
        pool_(pool),
        store_(input->schema(), pool) {}

 private:
  Status NextBatch(BatchPtr* batch) override {
    const int64_t all = top_ != nullptr     ? top_->num_rows()
                        : order_ != nullptr ? order_->length()
                                            : 0;
    const int64_t rows = std::min(kComputedBatchRows, all - next_);
    if (rows <= 0) {
      Release();
      return Status::OK();
    }
    const int64_t begin = std::exchange(next_, next_ + rows);
    if (top_ == nullptr) return store_.Rows(IndicesOf(*order_, begin, rows)).Value(batch);
    *batch = top_->Slice(begin, rows);
    return Status::OK();
  }

  void Release() override {
    store_.Clear();
    sort_keys_.clear();
    order_.reset();
    top_.reset();
  }

  Status Compute() override {
    Status status = options_.limit ? FindTop(*options_.limit) : SortAll();
    if (!status.ok() && CodeOf(status) == ErrorCode::kMemoryLimit) status = NameRows(status);
    sort_keys_.clear();
    return status;
  }

  Status FindTop(int64_t limit) {
    if (limit == 0) return Status::OK();
    TopRows top(keys_, limit, schema(), pool_);
    ARROW_RETURN_NOT_OK(ReadRows([&](BatchPtr batch) { return top.Add(std::move(batch)); }));
    return top.Finish().Value(&top_);
  }

  Status SortAll() {
    ARROW_RETURN_NOT_OK(ReadRows([&](BatchPtr batch) { return store_.Add(std::move(batch)); }));
    ARROW_RETURN_NOT_OK(store_.Flush());
    for (const auto& chunk : store_.chunks()) {
      ARROW_ASSIGN_OR_RAISE(auto keys, keys_.Of(*chunk, pool_));
      sort_keys_.push_back(std::move(keys));
    }
    return keys_.Sort(sort_keys_, pool_).Value(&order_);
  }

  template <typename Take>
  Status ReadRows(const Take& take) {
    return ReadAll(input(), [&](BatchPtr batch) {
      num_rows_ += batch->num_rows();
      return take(std::move(batch));
    });
  }

  Status NameRows(const Status& refused) const {
    if (options_.limit) {
      return MakeError(ErrorCode::kMemoryLimit,
                       fmt::format("the first {} rows of the order do not fit; ask for fewer: {}",
                                   *options_.limit, refused.message()));
    }
    // Rows, and two numbers for each while they are sorted.
    int64_t needed = store_.bytes() + 16 * num_rows_;
    if (options_.num_rows && num_rows_ > 0) {
      const double times = static_cast<double>(*options_.num_rows) / static_cast<double>(num_rows_);
      needed = std::max(needed, static_cast<int64_t>(times * static_cast<double>(needed)));
    }
    return MakeError(
        ErrorCode::kMemoryLimit,
        fmt::format("{} rows hold {} and do not fit; {} {} would be needed to order them all: ask "
                    "for the first ones with a limit, for fewer columns, or for what a filter "
                    "leaves: {}",
                    num_rows_, FormatByteSize(store_.bytes()),
                    options_.num_rows ? "about" : "at least", FormatByteSizeUp(needed),
                    refused.message()));
  }

  const SortKeys keys_;
  const OrderOptions options_;
  arrow::MemoryPool* const pool_;
  RowStore store_;
  arrow::RecordBatchVector sort_keys_;
  std::shared_ptr<arrow::Array> order_;  // numbers of rows of store_
  BatchPtr top_;                         // instead of both, with a limit
  int64_t num_rows_ = 0;
  int64_t next_ = 0;
};

}  // namespace

Result<ReaderPtr> OrderBy(ReaderPtr input, const std::vector<expr::OrderKey>& keys,
                          arrow::MemoryPool* pool, const OrderOptions& options) {
  static const Status initialized = cp::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  if (options.limit && *options.limit < 0) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("limit is at least 0, not {}", *options.limit), {"limit"});
  }
  ARROW_ASSIGN_OR_RAISE(SortKeys sort_keys, SortKeys::Make(*input->schema(), keys));
  return std::make_shared<OrderReader>(input, std::move(sort_keys), options, pool);
}

}  // namespace headrace::shape
