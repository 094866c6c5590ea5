#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "kernels/aggregate/moments.h"
#include "shape/accumulator.h"
#include "shape/exact_totals.h"
#include "shape/number_column.h"
#include "shape/pool_vector.h"

namespace headrace::shape {
namespace {

using expr::AggregateKind;
using kernels::NumberType;

constexpr int kSample = 255;
constexpr int kHitsToSwap = 32;
constexpr int kExponentOfOne = 1023;

// The value of a row as a double; floats are doubles too.
double RealAt(NumberType type, const void* values, int64_t row) {
  return type == NumberType::kFloat ? static_cast<double>(static_cast<const float*>(values)[row])
                                    : static_cast<const double*>(values)[row];
}

// Sums of each group, exactly (kernels/aggregate/moment_cell.h). A group's first cell lies in
// `cells_`; if its values are too far apart for one window, more of them are linked in `more_`.
template <typename Cell>
class Sums final : public Accumulator {
 public:
  Sums(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : type_(std::move(type)),
        number_type_(*NumberTypeOf(*type_)),
        pool_(pool),
        cells_(pool),
        more_(pool),
        misses_(pool) {
    empty_.base = kernels::BaseAround(kExponentOfOne);
  }

  Status Resize(int64_t num_groups) override { return cells_.Resize(num_groups, empty_); }

  Status Add(const arrow::Array& values, const uint32_t* groups) override {
    const kernels::GroupedRows rows = RowsOf(values, groups);
    const void* numbers = NumbersOf(values);
    if (!IsReal(number_type_)) {
      kernels::AddNumbers(number_type_, numbers, rows, cells_.data(), nullptr);
      return Status::OK();
    }
    if (!has_sample_) ChooseBase(values, numbers);
    ARROW_RETURN_NOT_OK(misses_.ResizeUninitialized(rows.rows + 1));
    const int64_t num_misses =
        kernels::AddNumbers(number_type_, numbers, rows, cells_.data(), misses_.data());
    for (int64_t i = 0; i < num_misses; ++i) {
      const int64_t row = misses_[i];
      ARROW_RETURN_NOT_OK(
          AddMiss(RealAt(number_type_, numbers, row), groups != nullptr ? groups[row] : 0));
    }
    return Status::OK();
  }

  Status Merge(Accumulator* other, const uint32_t* groups) override {
    auto* from = static_cast<Sums*>(other);
    for (int64_t i = 0; i < from->cells_.size(); ++i) {
      const int64_t group = groups != nullptr ? groups[i] : i;
      const Cell& cell = from->cells_[i];
      cells_[group].count += cell.count;
      cells_[group].specials |= cell.specials;
      ARROW_RETURN_NOT_OK(MergeWindow(cell, group));
      for (int32_t next = cell.more; next >= 0; next = from->more_[next].more) {
        ARROW_RETURN_NOT_OK(MergeWindow(from->more_[next], group));
      }
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish(const expr::Aggregate& aggregate) override {
    if (aggregate.kind == AggregateKind::kSum && !IsReal(number_type_)) {
      return arrow::is_signed_integer(type_->id())
                 ? IntegerSums<int64_t, arrow::Int64Builder>(aggregate)
                 : IntegerSums<uint64_t, arrow::UInt64Builder>(aggregate);
    }
    arrow::DoubleBuilder builder(pool_);
    ARROW_RETURN_NOT_OK(builder.Reserve(cells_.size()));
    const int64_t least =
        aggregate.kind == AggregateKind::kVar || aggregate.kind == AggregateKind::kStd ? 2 : 1;
    for (int64_t group = 0; group < cells_.size(); ++group) {
      if (cells_[group].count < least) {
        builder.UnsafeAppendNull();
      } else {
        builder.UnsafeAppend(RealAnswer(aggregate.kind, cells_[group]));
      }
    }
    return builder.Finish();
  }

  int64_t bytes() const override { return cells_.bytes() + more_.bytes() + misses_.bytes(); }

 private:
  // Where most values are: a window around the median of a sample's exponents is the first of every
  // group that has had no value yet.
  void ChooseBase(const arrow::Array& values, const void* numbers) {
    std::array<int, kSample> exponents;
    size_t found = 0;
    const int64_t step = std::max<int64_t>(1, values.length() / kSample);
    for (int64_t row = 0; row < values.length() && found < kSample; row += step) {
      const double value = RealAt(number_type_, numbers, row);
      if (values.IsNull(row) || value == 0 || !std::isfinite(value)) continue;
      exponents[found++] = kernels::ExponentOf(value);
    }
    if (found == 0) return;
    has_sample_ = true;
    std::nth_element(exponents.begin(), exponents.begin() + found / 2, exponents.begin() + found);
    empty_.base = kernels::BaseAround(exponents[found / 2]);
    for (int64_t group = 0; group < cells_.size(); ++group) {
      if (kernels::HasNoSum(cells_[group])) cells_[group].base = empty_.base;
    }
  }

  Status AddMiss(double value, uint32_t group) {
    Cell& cell = cells_[group];
    if (!std::isfinite(value)) {
      cell.specials |= value != value ? kernels::kNaN
                       : value > 0    ? kernels::kPositiveInfinity
                                      : kernels::kNegativeInfinity;
      return Status::OK();
    }
    const int16_t base = kernels::BaseAround(kernels::ExponentOf(value));
    if (kernels::HasNoSum(cell)) cell.base = base;
    if (kernels::AddToWindow(value, &cell)) return Status::OK();
    for (int32_t next = cell.more; next >= 0; next = more_[next].more) {
      if (!kernels::AddToWindow(value, &more_[next])) continue;
      if (++more_[next].count == kHitsToSwap) SwapWindows(&cell, &more_[next]);
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(Cell* const added, AddWindow(base, &cell));
    kernels::AddToWindow(value, added);
    return Status::OK();
  }

  Result<Cell*> AddWindow(int16_t base, Cell* cell) {
    if (more_.size() == std::numeric_limits<int32_t>::max()) {
      return MakeError(ErrorCode::kTooLarge, "values of 2^31 groups are too far apart to be added");
    }
    Cell added;
    added.base = base;
    added.more = cell->more;
    ARROW_RETURN_NOT_OK(more_.Append(added));
    cell->more = static_cast<int32_t>(more_.size() - 1);
    return &more_[more_.size() - 1];
  }

  // The window that values come to now is the one that is looked at first.
  static void SwapWindows(Cell* cell, Cell* other) {
    std::swap(*cell, *other);
    std::swap(cell->count, other->count);
    std::swap(cell->specials, other->specials);
    std::swap(cell->more, other->more);
    other->count = 0;
  }

  Status MergeWindow(const Cell& from, int64_t group) {
    if (kernels::HasNoSum(from)) return Status::OK();
    Cell* to = &cells_[group];
    if (kernels::HasNoSum(*to)) to->base = from.base;
    while (to->base != from.base && to->more >= 0) to = &more_[to->more];
    if (to->base != from.base) {
      ARROW_ASSIGN_OR_RAISE(to, AddWindow(from.base, &cells_[group]));
    }
    kernels::AddSums(from, to);
    return Status::OK();
  }

  ExactTotals TotalsOf(const Cell& cell) const {
    int base = cell.base;
    for (int32_t next = cell.more; next >= 0; next = more_[next].more) {
      base = std::min<int>(base, more_[next].base);
    }
    ExactTotals totals(IsReal(number_type_) ? base + kernels::kUnitExponent : 0);
    totals.Add(cell, cell.base - base);
    for (int32_t next = cell.more; next >= 0; next = more_[next].more) {
      totals.Add(more_[next], more_[next].base - base);
    }
    return totals;
  }

  double RealAnswer(AggregateKind kind, const Cell& cell) const {
    const bool spread = kind == AggregateKind::kVar || kind == AggregateKind::kStd;
    if (cell.specials != 0) {
      if (spread || (cell.specials & (cell.specials - 1)) != 0 || cell.specials == kernels::kNaN) {
        return std::numeric_limits<double>::quiet_NaN();
      }
      const double infinity = std::numeric_limits<double>::infinity();
      return cell.specials == kernels::kPositiveInfinity ? infinity : -infinity;
    }
    const ExactTotals totals = TotalsOf(cell);
    switch (kind) {
      case AggregateKind::kSum: return totals.Sum();
      case AggregateKind::kMean: return totals.Mean(cell.count);
      case AggregateKind::kVar: return totals.Variance(cell.count);
      default: return totals.StandardDeviation(cell.count);
    }
  }

  template <typename Value, typename Builder>
  Result<std::shared_ptr<arrow::Array>> IntegerSums(const expr::Aggregate& aggregate) {
    Builder builder(pool_);
    ARROW_RETURN_NOT_OK(builder.Reserve(cells_.size()));
    for (int64_t group = 0; group < cells_.size(); ++group) {
      const Cell& cell = cells_[group];
      if (cell.count == 0) {
        builder.UnsafeAppendNull();
        continue;
      }
      const auto value = static_cast<Value>(cell.sum_low);
      const uint64_t above = value < 0 ? ~uint64_t{0} : 0;
      if (cell.sum_high != above) {
        return MakeError(ErrorCode::kInvalidArgument,
                         fmt::format("{} does not fit into {}: take the mean, or cast the column "
                                     "to double or decimal",
                                     aggregate.name, builder.type()->ToString()),
                         {"agg", aggregate.column});
      }
      builder.UnsafeAppend(value);
    }
    return builder.Finish();
  }

  std::shared_ptr<arrow::DataType> type_;
  NumberType number_type_;
  arrow::MemoryPool* pool_;
  PoolVector<Cell> cells_;
  PoolVector<Cell> more_;
  PoolVector<uint32_t> misses_;
  Cell empty_;
  bool has_sample_ = false;
};

}  // namespace

AccumulatorPtr MakeSums(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) {
  return std::make_unique<Sums<kernels::SumCell>>(type, pool);
}

AccumulatorPtr MakeMoments(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) {
  return std::make_unique<Sums<kernels::MomentCell>>(type, pool);
}

}  // namespace headrace::shape
