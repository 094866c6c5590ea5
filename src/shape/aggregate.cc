#include "shape/aggregate.h"

#include <algorithm>
#include <exception>
#include <new>
#include <thread>
#include <utility>

#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "shape/bound_aggregation.h"
#include "shape/computed_reader.h"
#include "shape/grouping.h"

namespace headrace::shape {
namespace {

using expr::AggregateKind;
using ReaderPtr = std::shared_ptr<arrow::RecordBatchReader>;

constexpr int64_t kBatchRows = 1 << 16;

/// What was made of the rows of one reader.
struct Share {
  std::unique_ptr<Grouping> grouping;
  Status status;
};

class AggregateReader final : public ComputedReader {
 public:
  AggregateReader(std::vector<ReaderPtr> readers, BoundAggregation bound, arrow::MemoryPool* pool,
                  const AggregateOptions& options)
      : ComputedReader(std::move(readers), bound.schema, "the aggregation"),
        bound_(std::move(bound)),
        pool_(pool),
        options_(options),
        shares_(inputs().size()) {}

 private:
  Status Compute() override {
    Status status = Group();
    if (!status.ok() && CodeOf(status) == ErrorCode::kMemoryLimit) status = NameGroups(status);
    shares_.clear();
    return status;
  }

  Status NextBatch(std::shared_ptr<arrow::RecordBatch>* batch) override {
    if (result_ == nullptr || next_row_ >= result_->num_rows()) {
      Release();
      return Status::OK();
    }
    *batch = result_->Slice(next_row_, kBatchRows);
    next_row_ += kBatchRows;
    return Status::OK();
  }

  void Release() override { result_.reset(); }

  Status Group() {
    for (Share& share : shares_) {
      ARROW_ASSIGN_OR_RAISE(share.grouping, Grouping::Make(bound_, options_.max_groups, pool_));
    }
    ARROW_RETURN_NOT_OK(ReadShares());
    Grouping* const first = shares_[0].grouping.get();
    for (size_t i = 1; i < shares_.size(); ++i) {
      ARROW_RETURN_NOT_OK(first->Merge(shares_[i].grouping.get()));
      shares_[i].grouping.reset();
    }
    return first->Finish().Value(&result_);
  }

  Status ReadShares() {
    try {
      std::vector<std::jthread> threads;
      for (size_t i = 1; i < shares_.size(); ++i) {
        threads.emplace_back([this, i] { Read(i); });
      }
      Read(0);
    } catch (const std::exception& error) {  // a thread that the system does not give
      return MakeError(ErrorCode::kUnavailable, error.what());
    }
    // What stopped the others goes before their being stopped.
    const Status* first = nullptr;
    for (const Share& share : shares_) {
      if (share.status.ok()) continue;
      if (first == nullptr || CodeOf(*first) == ErrorCode::kCancelled) first = &share.status;
    }
    return first == nullptr ? Status::OK() : *first;
  }

  void Read(size_t place) noexcept {
    Status& status = shares_[place].status;
    try {
      Grouping& grouping = *shares_[place].grouping;
      status = ReadAll(*inputs()[place], [&](const std::shared_ptr<arrow::RecordBatch>& batch) {
        return grouping.Add(*batch);
      });
    } catch (const std::bad_alloc&) {
      status = Status::OutOfMemory("out of memory");
    } catch (const std::exception& error) {
      status = Status::UnknownError(error.what());
    }
    if (!status.ok()) Stop();
  }

  // How far it came, and how much more it would take.
  Status NameGroups(const Status& refused) const {
    int64_t groups = 0;
    int64_t rows = 0;
    int64_t bytes = 0;
    for (const Share& share : shares_) {
      if (share.grouping == nullptr) continue;
      groups += share.grouping->num_groups();
      rows += share.grouping->num_rows();
      bytes += share.grouping->bytes();
    }
    // The tables grow to about twice their size when they are full.
    int64_t needed = 2 * bytes;
    if (options_.num_rows.has_value() && rows > 0) {
      const double times = static_cast<double>(*options_.num_rows) / static_cast<double>(rows);
      needed = std::max(needed, static_cast<int64_t>(times * static_cast<double>(bytes)));
    }
    return MakeError(
        ErrorCode::kMemoryLimit,
        fmt::format("{} groups after {} rows hold {} and do not fit; {} {} would be needed: {}",
                    groups, rows, FormatByteSize(bytes),
                    options_.num_rows.has_value() ? "about" : "at least", FormatByteSize(needed),
                    refused.message()));
  }

  const BoundAggregation bound_;
  arrow::MemoryPool* const pool_;
  const AggregateOptions options_;
  std::vector<Share> shares_;  // the threads have one each
  std::shared_ptr<arrow::RecordBatch> result_;
  int64_t next_row_ = 0;
};

}  // namespace

bool NeedsOrder(const AggregatePlan& plan) {
  return std::any_of(plan.aggregates.begin(), plan.aggregates.end(), [](const auto& aggregate) {
    return aggregate.kind == AggregateKind::kFirst || aggregate.kind == AggregateKind::kLast;
  });
}

Result<std::shared_ptr<arrow::Schema>> AggregateSchema(const arrow::Schema& schema,
                                                       const AggregatePlan& plan) {
  ARROW_ASSIGN_OR_RAISE(const BoundAggregation bound, BindAggregation(schema, plan));
  return bound.schema;
}

Result<ReaderPtr> Aggregate(std::vector<ReaderPtr> readers, const AggregatePlan& plan,
                            arrow::MemoryPool* pool, const AggregateOptions& options) {
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  if (readers.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "there is no reader to aggregate");
  }
  const std::shared_ptr<arrow::Schema> schema = readers[0]->schema();
  for (const ReaderPtr& reader : readers) {
    if (!reader->schema()->Equals(*schema, false)) {
      return MakeError(ErrorCode::kTypeMismatch,
                       fmt::format("the readers have unlike schemas: {} and {}", schema->ToString(),
                                   reader->schema()->ToString()));
    }
  }
  if (NeedsOrder(plan) && readers.size() > 1) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "first and last need one reader that gives the rows in their order");
  }
  ARROW_ASSIGN_OR_RAISE(BoundAggregation bound, BindAggregation(*schema, plan));
  return std::make_shared<AggregateReader>(std::move(readers), std::move(bound), pool, options);
}

}  // namespace headrace::shape
