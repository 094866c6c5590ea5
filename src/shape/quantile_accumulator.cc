#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include "shape/accumulator.h"
#include "shape/number_column.h"
#include "shape/pool_vector.h"

namespace headrace::shape {
namespace {

// Linear interpolation at (n - 1) * q. Changes the order of the values.
double QuantileOf(std::span<double> values, double q) {
  const double place = static_cast<double>(values.size() - 1) * q;
  const auto below = std::min(static_cast<size_t>(place), values.size() - 1);
  const double fraction = place - static_cast<double>(below);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), middle, values.end());
  const double low = *middle;
  if (fraction == 0 || below + 1 == values.size()) return low;
  const double high = *std::min_element(middle + 1, values.end());
  return low == high ? low : low + (high - low) * fraction;
}

// All values, as doubles. What does not fit into memory is refused: a median is exact or none.
class SortedValues final : public Accumulator {
 public:
  explicit SortedValues(arrow::MemoryPool* pool)
      : pool_(pool), values_(pool), groups_(pool), ends_(pool) {}

  Status Resize(int64_t num_groups) override {
    num_groups_ = num_groups;
    return Status::OK();
  }

  Status Add(const arrow::Array& values, const uint32_t* groups) override {
    return kernels::VisitNumberType(*NumberTypeOf(*values.type()), [&](auto sample) {
      return AddTyped(values, static_cast<const decltype(sample)*>(NumbersOf(values)), groups);
    });
  }

  Status Merge(Accumulator* other, const uint32_t* groups) override {
    auto* from = static_cast<SortedValues*>(other);
    ARROW_RETURN_NOT_OK(
        values_.Append({from->values_.data(), static_cast<size_t>(from->values_.size())}));
    from->values_.Clear();
    ARROW_RETURN_NOT_OK(groups_.Reserve(groups_.size() + from->groups_.size()));
    for (int64_t i = 0; i < from->groups_.size(); ++i) {
      ARROW_RETURN_NOT_OK(groups_.Append(groups[from->groups_[i]]));
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish(const expr::Aggregate& aggregate) override {
    if (ends_.size() == 0) ARROW_RETURN_NOT_OK(Arrange());
    const bool median = aggregate.kind == expr::AggregateKind::kMedian;
    const double q = median ? 0.5 : aggregate.parameter;
    arrow::DoubleBuilder builder(pool_);
    ARROW_RETURN_NOT_OK(builder.Reserve(num_groups_));
    for (int64_t group = 0; group < num_groups_; ++group) {
      const int64_t begin = group > 0 ? ends_[group - 1] : 0;
      const std::span<double> values(values_.data() + begin,
                                     static_cast<size_t>(ends_[group] - begin));
      if (values.empty()) {
        builder.UnsafeAppendNull();
      } else if (std::any_of(values.begin(), values.end(), [](double v) { return v != v; })) {
        builder.UnsafeAppend(std::numeric_limits<double>::quiet_NaN());
      } else {
        builder.UnsafeAppend(QuantileOf(values, q));
      }
    }
    return builder.Finish();
  }

  int64_t bytes() const override { return values_.bytes() + groups_.bytes() + ends_.bytes(); }

 private:
  template <typename Value>
  Status AddTyped(const arrow::Array& column, const Value* values, const uint32_t* groups) {
    const int64_t rows = column.length();
    ARROW_RETURN_NOT_OK(values_.Reserve(values_.size() + rows));
    if (groups != nullptr) ARROW_RETURN_NOT_OK(groups_.Reserve(groups_.size() + rows));
    const bool nulls = column.null_count() > 0;
    for (int64_t row = 0; row < rows; ++row) {
      if (nulls && column.IsNull(row)) continue;
      // 0.0 is added so that -0.0, which is equal, is no other value.
      ARROW_RETURN_NOT_OK(values_.Append(static_cast<double>(values[row]) + 0.0));
      if (groups != nullptr) ARROW_RETURN_NOT_OK(groups_.Append(groups[row]));
    }
    return Status::OK();
  }

  // Values side by side by group; ends_[g] is where those of group g end.
  Status Arrange() {
    if (groups_.size() == 0) return ends_.Resize(num_groups_, values_.size());
    ARROW_RETURN_NOT_OK(ends_.Resize(num_groups_, 0));
    for (int64_t i = 0; i < groups_.size(); ++i) {
      if (groups_[i] + 1 < num_groups_) ++ends_[groups_[i] + 1];
    }
    for (int64_t group = 1; group < num_groups_; ++group) ends_[group] += ends_[group - 1];
    PoolVector<double> arranged(pool_);
    ARROW_RETURN_NOT_OK(arranged.ResizeUninitialized(values_.size()));
    for (int64_t i = 0; i < groups_.size(); ++i) arranged[ends_[groups_[i]]++] = values_[i];
    values_ = std::move(arranged);
    groups_.Clear();
    return Status::OK();
  }

  arrow::MemoryPool* pool_;
  PoolVector<double> values_;
  PoolVector<uint32_t> groups_;
  PoolVector<int64_t> ends_;
  int64_t num_groups_ = 0;
};

}  // namespace

AccumulatorPtr MakeSortedValues(arrow::MemoryPool* pool) {
  return std::make_unique<SortedValues>(pool);
}

}  // namespace headrace::shape
