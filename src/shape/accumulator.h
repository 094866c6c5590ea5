#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "expr/aggregate.h"
#include "headrace/status.h"

namespace headrace::shape {

/// What is kept of a column for each group, and what one or more aggregates come from. Memory is
/// drawn from the pool. After a failure nothing but the destructor may be called.
class Accumulator {
 public:
  virtual ~Accumulator() = default;

  /// Room for so many groups; new ones are empty. Never fewer than before.
  virtual Status Resize(int64_t num_groups) = 0;

  /// Takes rows, in their order. `groups` has the group of each row, below num_groups; null: all
  /// are of group 0. Requires: as many values as rows, and fewer than 2^31.
  virtual Status Add(const arrow::Array& values, const uint32_t* groups) = 0;

  /// Takes what another accumulator of the same kind has: its group i is `groups[i]` here, null:
  /// group 0 is group 0. `other` is used up.
  virtual Status Merge(Accumulator* other, const uint32_t* groups) = 0;

  /// The answer for each group, of the type that OutputType() says.
  virtual Result<std::shared_ptr<arrow::Array>> Finish(const expr::Aggregate& aggregate) = 0;

  /// What it holds, about.
  virtual int64_t bytes() const = 0;
};

enum class AccumulatorKind : uint8_t {
  kRows,             ///< count(*): the values are those of any column
  kValues,           ///< count(x)
  kDistinct,         ///< count_distinct(x)
  kSums,             ///< sum, mean
  kMoments,          ///< sum, mean, var, std
  kDecimalSums,      ///< sum, mean of decimals
  kExtremes,         ///< min, max of numbers and what is held as such
  kBytesExtremes,    ///< of strings and bytes
  kDecimalExtremes,  ///< of decimals
  kFirstRows,        ///< first
  kLastRows,         ///< last
  kSortedValues,     ///< median, quantile
};

/// `type` is that of the values that Add() gets.
Result<std::unique_ptr<Accumulator>> MakeAccumulator(AccumulatorKind kind,
                                                     const std::shared_ptr<arrow::DataType>& type,
                                                     arrow::MemoryPool* pool);

using AccumulatorPtr = std::unique_ptr<Accumulator>;
AccumulatorPtr MakeRowCounts(arrow::MemoryPool* pool);
AccumulatorPtr MakeValueCounts(arrow::MemoryPool* pool);
Result<AccumulatorPtr> MakeDistinctCounts(const std::shared_ptr<arrow::DataType>& type,
                                          arrow::MemoryPool* pool);
AccumulatorPtr MakeSums(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool);
AccumulatorPtr MakeMoments(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool);
AccumulatorPtr MakeDecimalSums(const std::shared_ptr<arrow::DataType>& type,
                               arrow::MemoryPool* pool);
AccumulatorPtr MakeExtremes(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool);
AccumulatorPtr MakeBytesExtremes(const std::shared_ptr<arrow::DataType>& type,
                                 arrow::MemoryPool* pool);
AccumulatorPtr MakeDecimalExtremes(const std::shared_ptr<arrow::DataType>& type,
                                   arrow::MemoryPool* pool);
AccumulatorPtr MakeFirstRows(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool);
AccumulatorPtr MakeLastRows(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool);
AccumulatorPtr MakeSortedValues(arrow::MemoryPool* pool);

}  // namespace headrace::shape
