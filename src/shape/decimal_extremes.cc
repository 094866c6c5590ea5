#include <array>
#include <utility>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>
#include <arrow/util/decimal.h>

#include "shape/accumulator.h"
#include "shape/pool_vector.h"

namespace headrace::shape {
namespace {

using arrow::Decimal256;

// 16 or 32 bytes, lowest first, in two's complement.
Decimal256 DecimalAt(const arrow::FixedSizeBinaryArray& values, int64_t row) {
  if (values.byte_width() == 32) return Decimal256(values.GetValue(row));
  return Decimal256(arrow::Decimal128(values.GetValue(row)));
}

Status AppendDecimal(const Decimal256& value, arrow::FixedSizeBinaryBuilder* builder) {
  std::array<uint8_t, 32> bytes;
  value.ToBytes(bytes.data());
  return builder->Append(bytes.data());  // of which it takes its width
}

Result<std::unique_ptr<arrow::ArrayBuilder>> MakeDecimalBuilder(
    const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(pool, type, &builder));
  return builder;
}

struct DecimalPair {
  std::array<uint64_t, 4> least;
  std::array<uint64_t, 4> greatest;
  int64_t count = 0;
};

class DecimalExtremes final : public Accumulator {
 public:
  DecimalExtremes(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : type_(std::move(type)), pool_(pool), pairs_(pool) {}

  Status Resize(int64_t num_groups) override { return pairs_.Resize(num_groups); }

  Status Add(const arrow::Array& values, const uint32_t* groups) override {
    const auto& decimals =
        arrow::internal::checked_cast<const arrow::FixedSizeBinaryArray&>(values);
    for (int64_t row = 0; row < decimals.length(); ++row) {
      if (decimals.IsNull(row)) continue;
      Take(DecimalAt(decimals, row), &pairs_[groups != nullptr ? groups[row] : 0]);
    }
    return Status::OK();
  }

  Status Merge(Accumulator* other, const uint32_t* groups) override {
    const auto& from = static_cast<DecimalExtremes*>(other)->pairs_;
    for (int64_t i = 0; i < from.size(); ++i) {
      if (from[i].count == 0) continue;
      DecimalPair* pair = &pairs_[groups != nullptr ? groups[i] : i];
      Take(Decimal256(Decimal256::LittleEndianArray, from[i].least), pair);
      Take(Decimal256(Decimal256::LittleEndianArray, from[i].greatest), pair);
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish(const expr::Aggregate& aggregate) override {
    ARROW_ASSIGN_OR_RAISE(const auto made, MakeDecimalBuilder(type_, pool_));
    auto* builder = arrow::internal::checked_cast<arrow::FixedSizeBinaryBuilder*>(made.get());
    const bool least = aggregate.kind == expr::AggregateKind::kMin;
    for (int64_t group = 0; group < pairs_.size(); ++group) {
      const DecimalPair& pair = pairs_[group];
      ARROW_RETURN_NOT_OK(pair.count == 0
                              ? builder->AppendNull()
                              : AppendDecimal(Decimal256(Decimal256::LittleEndianArray,
                                                         least ? pair.least : pair.greatest),
                                              builder));
    }
    return made->Finish();
  }

  int64_t bytes() const override { return pairs_.bytes(); }

 private:
  static void Take(const Decimal256& value, DecimalPair* pair) {
    const bool first = pair->count++ == 0;
    if (first || value < Decimal256(Decimal256::LittleEndianArray, pair->least)) {
      pair->least = value.little_endian_array();
    }
    if (first || value > Decimal256(Decimal256::LittleEndianArray, pair->greatest)) {
      pair->greatest = value.little_endian_array();
    }
  }

  std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* pool_;
  PoolVector<DecimalPair> pairs_;
};

}  // namespace

AccumulatorPtr MakeDecimalExtremes(const std::shared_ptr<arrow::DataType>& type,
                                   arrow::MemoryPool* pool) {
  return std::make_unique<DecimalExtremes>(type, pool);
}

}  // namespace headrace::shape
