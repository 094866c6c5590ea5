#include <utility>

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include "kernels/aggregate/extremes.h"
#include "shape/accumulator.h"
#include "shape/number_column.h"
#include "shape/pool_vector.h"

namespace headrace::shape {
namespace {

using kernels::ExtremeCell;

// Least and greatest number of each group.
class Extremes final : public Accumulator {
 public:
  Extremes(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : type_(std::move(type)), number_type_(*NumberTypeOf(*type_)), pool_(pool), cells_(pool) {}

  Status Resize(int64_t num_groups) override { return cells_.Resize(num_groups); }

  Status Add(const arrow::Array& values, const uint32_t* groups) override {
    kernels::AddExtremes(number_type_, NumbersOf(values), RowsOf(values, groups), cells_.data());
    return Status::OK();
  }

  Status Merge(Accumulator* other, const uint32_t* groups) override {
    const auto& from = static_cast<Extremes*>(other)->cells_;
    for (int64_t i = 0; i < from.size(); ++i) {
      ExtremeCell& cell = cells_[groups != nullptr ? groups[i] : i];
      cell.low = std::min(cell.low, from[i].low);
      cell.high = std::max(cell.high, from[i].high);
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish(const expr::Aggregate& aggregate) override {
    const int64_t count = cells_.size();
    const int width = type_->byte_width();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                          arrow::AllocateBuffer(count * width, pool_));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> validity,
                          arrow::AllocateEmptyBitmap(count, pool_));
    int64_t nulls = 0;
    const bool least = aggregate.kind == expr::AggregateKind::kMin;
    for (int64_t group = 0; group < count; ++group) {
      const ExtremeCell& cell = cells_[group];
      const bool valid = !cell.IsEmpty();
      nulls += valid ? 0 : 1;
      if (valid) arrow::bit_util::SetBit(validity->mutable_data(), group);
      kernels::WriteExtreme(number_type_,
                            !valid  ? 0
                            : least ? cell.low
                                    : cell.high,
                            values->mutable_data() + group * width);
    }
    return arrow::MakeArray(arrow::ArrayData::Make(
        type_, count, {nulls > 0 ? std::move(validity) : nullptr, std::move(values)}, nulls));
  }

  int64_t bytes() const override { return cells_.bytes(); }

 private:
  std::shared_ptr<arrow::DataType> type_;
  kernels::NumberType number_type_;
  arrow::MemoryPool* pool_;
  PoolVector<ExtremeCell> cells_;
};

}  // namespace

AccumulatorPtr MakeExtremes(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) {
  return std::make_unique<Extremes>(type, pool);
}

}  // namespace headrace::shape
