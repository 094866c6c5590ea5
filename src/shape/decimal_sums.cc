#include "kernels/aggregate/decimal_sums.h"

#include <array>
#include <cmath>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "kernels/aggregate/wide_integer.h"
#include "shape/accumulator.h"
#include "shape/number_column.h"
#include "shape/pool_vector.h"

namespace headrace::shape {
namespace {

using arrow::Decimal256;

// What a sum comes out as: all the digits that decimals of its width have.
template <int kLimbs>
std::shared_ptr<arrow::DataType> WidestType(int32_t scale) {
  if constexpr (kLimbs == 4) return arrow::decimal256(76, scale);
  return arrow::decimal128(38, scale);
}

template <int kLimbs>
class DecimalSums final : public Accumulator {
 public:
  DecimalSums(const arrow::DecimalType& type, arrow::MemoryPool* pool)
      : pool_(pool), sums_(pool), scale_(type.scale()), type_(WidestType<kLimbs>(scale_)) {}

  Status Resize(int64_t num_groups) override { return sums_.Resize(num_groups); }

  Status Add(const arrow::Array& values, const uint32_t* groups) override {
    kernels::AddDecimals(static_cast<const uint8_t*>(NumbersOf(values)), RowsOf(values, groups),
                         sums_.data());
    return Status::OK();
  }

  Status Merge(Accumulator* other, const uint32_t* groups) override {
    const auto& from = static_cast<DecimalSums*>(other)->sums_;
    for (int64_t i = 0; i < from.size(); ++i) sums_[groups != nullptr ? groups[i] : i].Add(from[i]);
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish(const expr::Aggregate& aggregate) override {
    return aggregate.kind == expr::AggregateKind::kMean ? Means() : Totals(aggregate);
  }

  int64_t bytes() const override { return sums_.bytes(); }

 private:
  using Cell = kernels::DecimalSumCell<kLimbs>;

  // The sum is exact; it, what it is divided by, and the quotient are rounded once each.
  Result<std::shared_ptr<arrow::Array>> Means() {
    arrow::DoubleBuilder builder(pool_);
    ARROW_RETURN_NOT_OK(builder.Reserve(sums_.size()));
    for (int64_t group = 0; group < sums_.size(); ++group) {
      const Cell& cell = sums_[group];
      if (cell.count == 0) {
        builder.UnsafeAppendNull();
        continue;
      }
      kernels::WideInteger magnitude;
      magnitude.AddShifted(cell.Magnitude(), 0);
      const kernels::ScaledReal sum = magnitude.ToScaled();
      const double size = std::ldexp(sum.mantissa, sum.exponent);
      const auto count = static_cast<long double>(cell.count);
      const auto mean = static_cast<double>(size / (count * std::pow(10.0L, scale_)));
      builder.UnsafeAppend(cell.IsNegative() ? -mean : mean);
    }
    return builder.Finish();
  }

  Result<std::shared_ptr<arrow::Array>> Totals(const expr::Aggregate& aggregate) {
    std::unique_ptr<arrow::ArrayBuilder> made;
    ARROW_RETURN_NOT_OK(arrow::MakeBuilder(pool_, type_, &made));
    auto* builder = arrow::internal::checked_cast<arrow::FixedSizeBinaryBuilder*>(made.get());
    for (int64_t group = 0; group < sums_.size(); ++group) {
      if (sums_[group].count == 0) {
        ARROW_RETURN_NOT_OK(builder->AppendNull());
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(const auto bytes, TotalOf(sums_[group], aggregate));
      ARROW_RETURN_NOT_OK(builder->Append(bytes.data()));  // of which it takes its width
    }
    return made->Finish();
  }

  Result<std::array<uint8_t, 32>> TotalOf(const Cell& cell, const expr::Aggregate& aggregate) {
    const uint64_t above = cell.IsNegative() ? ~uint64_t{0} : 0;
    std::array<uint64_t, 4> limbs = {above, above, above, above};
    std::copy_n(cell.limbs.begin(), kLimbs, limbs.begin());
    const Decimal256 total(Decimal256::LittleEndianArray, limbs);
    const bool fits = cell.limbs[kLimbs] == above && (total < Decimal256(0)) == cell.IsNegative();
    if (!fits || !total.FitsInPrecision(kLimbs == 4 ? 76 : 38)) {
      return MakeError(ErrorCode::kInvalidArgument,
                       fmt::format("{} does not fit into {}: take the mean, or cast the column "
                                   "to double",
                                   aggregate.name, type_->ToString()),
                       {"agg", aggregate.column});
    }
    return total.ToBytes();
  }

  arrow::MemoryPool* pool_;
  PoolVector<Cell> sums_;
  int32_t scale_;
  std::shared_ptr<arrow::DataType> type_;
};

}  // namespace

AccumulatorPtr MakeDecimalSums(const std::shared_ptr<arrow::DataType>& type,
                               arrow::MemoryPool* pool) {
  const auto& decimal = arrow::internal::checked_cast<const arrow::DecimalType&>(*type);
  if (type->id() == arrow::Type::DECIMAL256) return std::make_unique<DecimalSums<4>>(decimal, pool);
  return std::make_unique<DecimalSums<2>>(decimal, pool);
}

}  // namespace headrace::shape
