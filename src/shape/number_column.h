#pragma once

#include <cstdint>
#include <optional>

#include <arrow/array.h>
#include <arrow/type.h>

#include "kernels/aggregate/grouped_rows.h"
#include "kernels/aggregate/number_type.h"

namespace headrace::shape {

/// How the kernels see the values of a type: numbers themselves, dates, times, timestamps and
/// durations as the integers that they are. Nothing for other types.
inline std::optional<kernels::NumberType> NumberTypeOf(const arrow::DataType& type) {
  using kernels::NumberType;
  switch (type.id()) {
    case arrow::Type::INT8: return NumberType::kInt8;
    case arrow::Type::INT16: return NumberType::kInt16;
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
    case arrow::Type::TIME32: return NumberType::kInt32;
    case arrow::Type::INT64:
    case arrow::Type::DATE64:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION: return NumberType::kInt64;
    case arrow::Type::UINT8: return NumberType::kUInt8;
    case arrow::Type::UINT16: return NumberType::kUInt16;
    case arrow::Type::UINT32: return NumberType::kUInt32;
    case arrow::Type::UINT64: return NumberType::kUInt64;
    case arrow::Type::FLOAT: return NumberType::kFloat;
    case arrow::Type::DOUBLE: return NumberType::kDouble;
    default: return std::nullopt;
  }
}

inline bool IsReal(kernels::NumberType type) {
  return type == kernels::NumberType::kFloat || type == kernels::NumberType::kDouble;
}

/// The first value. Requires: a type with a NumberType.
inline const void* NumbersOf(const arrow::Array& column) {
  return column.data()->buffers[1]->data() + column.offset() * column.type()->byte_width();
}

inline kernels::GroupedRows RowsOf(const arrow::Array& column, const uint32_t* groups) {
  return {.validity = column.null_count() > 0 ? column.null_bitmap_data() : nullptr,
          .validity_offset = column.offset(),
          .groups = groups,
          .rows = column.length()};
}

}  // namespace headrace::shape
