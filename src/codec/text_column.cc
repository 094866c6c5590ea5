#include "codec/text_column.h"

#include <utility>

#include <arrow/compute/cast.h>
#include <arrow/compute/initialize.h>
#include <arrow/type.h>

#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

using arrow::Type;

TimeUnit UnitOf(const arrow::TimestampType& type) noexcept {
  switch (type.unit()) {
    case arrow::TimeUnit::SECOND: return TimeUnit::kSecond;
    case arrow::TimeUnit::MILLI: return TimeUnit::kMilli;
    case arrow::TimeUnit::MICRO: return TimeUnit::kMicro;
    default: return TimeUnit::kNano;
  }
}

Result<TextKind> KindOf(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA: return TextKind::kNull;
    case Type::BOOL: return TextKind::kBool;
    case Type::INT64: return TextKind::kInt64;
    case Type::UINT64: return TextKind::kUInt64;
    case Type::FLOAT: return TextKind::kFloat;
    case Type::DOUBLE: return TextKind::kDouble;
    case Type::STRING: return TextKind::kString;
    case Type::LARGE_STRING: return TextKind::kLargeString;
    case Type::TIMESTAMP: return TextKind::kTimestamp;
    case Type::DATE32: return TextKind::kDate;
    default: return MakeError(ErrorCode::kNotImplemented, "no text for " + type.ToString());
  }
}

}  // namespace

Result<TextColumn> BindTextColumn(std::shared_ptr<arrow::Array> array) {
  TextColumn column;
  const arrow::ArrayData& data = *array->data();
  ARROW_ASSIGN_OR_RAISE(column.kind, KindOf(*data.type));
  column.offset = data.offset;
  column.validity = array->null_count() > 0 ? data.GetValues<uint8_t>(0, 0) : nullptr;
  if (data.buffers.size() > 1) column.values = data.GetValues<uint8_t>(1, 0);
  if (column.kind == TextKind::kString || column.kind == TextKind::kLargeString) {
    column.text = reinterpret_cast<const char*>(data.GetValues<uint8_t>(2, 0));
  }
  if (column.kind == TextKind::kTimestamp) {
    const auto& type = static_cast<const arrow::TimestampType&>(*data.type);
    column.unit = UnitOf(type);
    column.has_zone = !type.timezone().empty();
  }
  column.array = std::move(array);
  return column;
}

bool HasPlainYears(const TextColumn& column) {
  constexpr int64_t kDaySeconds = 86'400;
  const auto unit = static_cast<int64_t>(column.unit);
  if (column.kind == TextKind::kTimestamp && column.unit == TimeUnit::kNano) return true;
  const bool is_date = column.kind == TextKind::kDate;
  const int64_t least = is_date ? kFirstPlainDay : kFirstPlainDay * kDaySeconds * unit;
  const int64_t end = is_date ? kLastPlainDay + 1 : (kLastPlainDay + 1) * kDaySeconds * unit;
  bool plain = true;
  for (int64_t row = 0; row < column.array->length(); ++row) {
    const int64_t value = is_date ? column.Value<int32_t>(row) : column.Value<int64_t>(row);
    plain &= (value >= least) & (value < end);
  }
  return plain;
}

Result<std::shared_ptr<arrow::Array>> CastTo(const std::shared_ptr<arrow::DataType>& type,
                                             const arrow::Array& array, bool safe,
                                             arrow::MemoryPool* pool) {
  static const Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  return arrow::compute::Cast(
      array, type,
      safe ? arrow::compute::CastOptions::Safe() : arrow::compute::CastOptions::Unsafe(), &context);
}

}  // namespace headrace::codec
