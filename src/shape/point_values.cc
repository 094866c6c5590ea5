#include "shape/point_values.h"

#include <cmath>
#include <utility>

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>
#include <arrow/util/bit_run_reader.h>
#include <arrow/util/bit_util.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "shape/number_column.h"
#include "shape/order_key.h"

namespace headrace::shape {
namespace {

namespace cp = arrow::compute;

// The type in which a column's values are compared; null: none.
std::shared_ptr<arrow::DataType> ComparedType(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16: return arrow::int32();
    case arrow::Type::INT64:
    case arrow::Type::UINT32:
    case arrow::Type::DURATION: return arrow::int64();
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT: return arrow::float32();
    case arrow::Type::DOUBLE:
    case arrow::Type::UINT64:
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256: return arrow::float64();
    default: return nullptr;
  }
}

template <typename T>
std::span<const T> Part(const void* values, int64_t begin, int64_t end) {
  return {static_cast<const T*>(values) + begin, static_cast<size_t>(end - begin)};
}

}  // namespace

Status PointValues::CheckType(const arrow::DataType& type, const std::string& name) {
  if (ComparedType(type) != nullptr) return Status::OK();
  return MakeError(
      ErrorCode::kTypeMismatch,
      fmt::format("y is a column of numbers or booleans; '{}' is {}", name, type.ToString()),
      {"y", name});
}

bool PointValues::HasRealKeys(const arrow::DataType& type) {
  return arrow::is_floating(ComparedType(type)->id());
}

Result<PointValues> PointValues::Make(const std::shared_ptr<arrow::Array>& column,
                                      arrow::MemoryPool* pool) {
  const auto type = ComparedType(*column->type());
  PointValues made;
  made.numbers_ = column;
  if (column->type_id() == arrow::Type::DURATION) {
    ARROW_ASSIGN_OR_RAISE(made.numbers_, column->View(type));
  } else if (!column->type()->Equals(*type)) {
    cp::ExecContext context(pool, nullptr);
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum cast,
                          cp::Cast(column, cp::CastOptions::Unsafe(type), &context));
    made.numbers_ = cast.make_array();
  }
  made.kind_ = type->id() == arrow::Type::DOUBLE  ? Kind::kDouble
               : type->id() == arrow::Type::FLOAT ? Kind::kFloat
               : type->id() == arrow::Type::INT64 ? Kind::kInt64
                                                  : Kind::kInt32;
  made.values_ = NumbersOf(*made.numbers_);
  if (made.numbers_->null_count() > 0) made.validity_ = made.numbers_->null_bitmap_data();
  return made;
}

bool PointValues::IsValid(int64_t row) const {
  return validity_ == nullptr || arrow::bit_util::GetBit(validity_, numbers_->offset() + row);
}

bool PointValues::IsNan(int64_t row) const {
  if (kind_ == Kind::kDouble) return std::isnan(static_cast<const double*>(values_)[row]);
  if (kind_ == Kind::kFloat) return std::isnan(static_cast<const float*>(values_)[row]);
  return false;
}

bool PointValues::IsGap(int64_t row) const { return !IsValid(row) || IsNan(row); }

int64_t PointValues::KeyAt(int64_t row) const {
  switch (kind_) {
    case Kind::kDouble: return OrderKeyOf(static_cast<const double*>(values_)[row]);
    case Kind::kFloat:
      return OrderKeyOf(static_cast<double>(static_cast<const float*>(values_)[row]));
    case Kind::kInt64: return static_cast<const int64_t*>(values_)[row];
    default: return static_cast<const int32_t*>(values_)[row];
  }
}

kernels::ArgExtremes PointValues::Extremes(int64_t begin, int64_t end) const {
  switch (kind_) {
    case Kind::kDouble: return kernels::FindExtremes(Part<double>(values_, begin, end));
    case Kind::kFloat: return kernels::FindExtremes(Part<float>(values_, begin, end));
    case Kind::kInt64: return kernels::FindExtremes(Part<int64_t>(values_, begin, end));
    default: return kernels::FindExtremes(Part<int32_t>(values_, begin, end));
  }
}

PointValues::Found PointValues::Find(int64_t begin, int64_t end) const {
  if (validity_ != nullptr) return FindBetweenNulls(begin, end);
  const kernels::ArgExtremes at = Extremes(begin, end);
  Found found;
  if (at.least >= 0) found = {.least = begin + at.least, .greatest = begin + at.greatest};
  if (at.has_nan) {
    found.gap = begin;
    while (!IsNan(found.gap)) ++found.gap;
  }
  return found;
}

// What lies between nulls is looked at a run at a time.
PointValues::Found PointValues::FindBetweenNulls(int64_t begin, int64_t end) const {
  Found found;
  arrow::internal::SetBitRunReader runs(validity_, numbers_->offset() + begin, end - begin);
  int64_t looked_at = begin;
  for (auto run = runs.NextRun(); run.length > 0; run = runs.NextRun()) {
    const int64_t first = begin + run.position;
    const kernels::ArgExtremes at = Extremes(first, first + run.length);
    if (found.gap < 0 && first > looked_at) found.gap = looked_at;
    if (found.gap < 0 && at.has_nan) {
      found.gap = first;
      while (!IsNan(found.gap)) ++found.gap;
    }
    looked_at = first + run.length;
    if (at.least < 0) continue;
    const int64_t least = first + at.least;
    const int64_t greatest = first + at.greatest;
    if (found.least < 0 || KeyAt(least) < KeyAt(found.least)) found.least = least;
    if (found.greatest < 0 || KeyAt(greatest) > KeyAt(found.greatest)) found.greatest = greatest;
  }
  if (found.gap < 0 && looked_at < end) found.gap = looked_at;
  return found;
}

int64_t PointValues::FirstValue(int64_t begin, int64_t end) const {
  while (begin < end && IsGap(begin)) ++begin;
  return begin < end ? begin : -1;
}

int64_t PointValues::LastValue(int64_t begin, int64_t end) const {
  while (begin < end && IsGap(end - 1)) --end;
  return begin < end ? end - 1 : -1;
}

}  // namespace headrace::shape
