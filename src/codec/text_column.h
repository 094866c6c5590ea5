#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include <arrow/array.h>
#include <arrow/util/bit_util.h>

#include "codec/calendar_text.h"
#include "headrace/status.h"

namespace headrace::codec {

/// The types that text formats write as they lie; all others are cast to one of them first.
enum class TextKind {
  kNull,
  kBool,
  kInt64,
  kUInt64,
  kFloat,
  kDouble,
  kString,
  kLargeString,
  kTimestamp,
  kDate,      // days
  kBareText,  // cast to text, and written as it is
  kSpelled    // indices into cells that are written already
};

/// The cells of a dictionary's values, each written once.
struct SpelledCells {
  std::shared_ptr<arrow::Array> values;  // whose cells these are
  std::vector<int64_t> ends;
  std::shared_ptr<arrow::Buffer> text;

  std::string_view Cell(int64_t index) const noexcept {
    const int64_t begin = index == 0 ? 0 : ends[static_cast<size_t>(index - 1)];
    const int64_t end = ends[static_cast<size_t>(index)];
    return {reinterpret_cast<const char*>(text->data()) + begin, static_cast<size_t>(end - begin)};
  }
};

/// One column of a batch, bare.
struct TextColumn {
  TextKind kind = TextKind::kNull;
  TimeUnit unit = TimeUnit::kNano;
  bool has_zone = false;
  int64_t offset = 0;
  const uint8_t* validity = nullptr;  // none: no nulls
  const uint8_t* values = nullptr;
  const char* text = nullptr;
  std::shared_ptr<arrow::Array> array;  // what the pointers point into
  std::shared_ptr<const SpelledCells> cells;

  template <typename T>
  T Value(int64_t row) const noexcept {
    T value;
    std::memcpy(&value, values + (offset + row) * static_cast<int64_t>(sizeof(T)), sizeof(T));
    return value;
  }
  bool Bit(int64_t row) const noexcept { return arrow::bit_util::GetBit(values, offset + row); }
  template <typename Offset>
  std::string_view Text(int64_t row) const noexcept {
    const Offset begin = Value<Offset>(row);
    const Offset end = Value<Offset>(row + 1);
    return begin == end ? std::string_view{}
                        : std::string_view{text + begin, static_cast<size_t>(end - begin)};
  }
  std::string_view Cell(int64_t row) const noexcept { return cells->Cell(Value<int64_t>(row)); }
  bool IsNull(int64_t row) const noexcept {
    return kind == TextKind::kNull ||
           (validity != nullptr && !arrow::bit_util::GetBit(validity, offset + row));
  }
};

/// Points at an array of one of the kinds; kNotImplemented otherwise, with no message.
Result<TextColumn> BindTextColumn(std::shared_ptr<arrow::Array> array);

/// Whether all dates, or days of timestamps, are of the years 0000 to 9999. Requires: kTimestamp or
/// kDate.
bool HasPlainYears(const TextColumn& column);

Result<std::shared_ptr<arrow::Array>> CastTo(const std::shared_ptr<arrow::DataType>& type,
                                             const arrow::Array& array, bool safe,
                                             arrow::MemoryPool* pool);

}  // namespace headrace::codec
