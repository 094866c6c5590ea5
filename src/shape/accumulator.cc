#include "shape/accumulator.h"

#include "headrace/error_code.h"

namespace headrace::shape {

Result<AccumulatorPtr> MakeAccumulator(AccumulatorKind kind,
                                       const std::shared_ptr<arrow::DataType>& type,
                                       arrow::MemoryPool* pool) {
  switch (kind) {
    case AccumulatorKind::kRows: return MakeRowCounts(pool);
    case AccumulatorKind::kValues: return MakeValueCounts(pool);
    case AccumulatorKind::kDistinct: return MakeDistinctCounts(type, pool);
    case AccumulatorKind::kSums: return MakeSums(type, pool);
    case AccumulatorKind::kMoments: return MakeMoments(type, pool);
    case AccumulatorKind::kDecimalSums: return MakeDecimalSums(type, pool);
    case AccumulatorKind::kExtremes: return MakeExtremes(type, pool);
    case AccumulatorKind::kBytesExtremes: return MakeBytesExtremes(type, pool);
    case AccumulatorKind::kDecimalExtremes: return MakeDecimalExtremes(type, pool);
    case AccumulatorKind::kFirstRows: return MakeFirstRows(type, pool);
    case AccumulatorKind::kLastRows: return MakeLastRows(type, pool);
    case AccumulatorKind::kSortedValues: return MakeSortedValues(pool);
  }
  return MakeError(ErrorCode::kInternal, "an accumulator of no kind");
}

}  // namespace headrace::shape
