#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "codec/row_writer.h"
#include "codec/text_rows.h"

namespace headrace::codec {
namespace {

constexpr uint64_t IsQuote(uint64_t word) noexcept {
  return EqualBytes(word, '"') & EachByte(0x80);
}

constexpr int64_t QuotedBound(int64_t size) { return 2 * size + 2; }

char* WriteQuoted(std::string_view text, char* out) noexcept {
  *out++ = '"';
  while (true) {
    const size_t plain = FindFirst<IsQuote>(text);
    out = CopyShort(text.substr(0, plain), out);
    if (plain == text.size()) break;
    *out++ = '"';
    *out++ = '"';
    text.remove_prefix(plain + 1);
  }
  *out++ = '"';
  return out;
}

template <typename Float>
char* WriteFloating(Float value, char* out) noexcept {
  if (std::isfinite(value)) return WriteShortest<kCsvFloats>(value, out);
  if (std::isnan(value)) return CopyShort("nan", out);
  return CopyShort(value < 0 ? "-inf" : "inf", out);
}

struct CsvDialect {
  static constexpr std::string_view kFormat = "CSV";
  static constexpr std::string_view kNull = {};
  static constexpr bool kCastsSafely = true;
  static constexpr bool kNumbersAreBare = true;

  char delimiter;

  RowForm FormOf(const arrow::Schema& schema) const {
    RowForm form{.suffix = "\n"};
    for (int i = 0; i < schema.num_fields(); ++i) {
      form.prefixes.emplace_back(i == 0 ? 0 : 1, delimiter);
    }
    return form;
  }

  static std::optional<TextCast> CastOf(const arrow::DataType& type) {
    using arrow::Type;
    switch (type.id()) {
      // Bytes have to be UTF-8, which the cast looks at.
      case Type::BINARY:
      case Type::FIXED_SIZE_BINARY: return TextCast{arrow::utf8()};
      case Type::LARGE_BINARY: return TextCast{arrow::large_utf8()};
      case Type::HALF_FLOAT: return TextCast{.target = arrow::utf8(), .bare = true};
      default: return std::nullopt;
    }
  }
  /// Zones other than UTC, and years of five digits, are Arrow's to know.
  static bool WritesItself(const TextColumn& column) {
    if (column.kind == TextKind::kDate) return HasPlainYears(column);
    if (column.kind != TextKind::kTimestamp) return true;
    const auto& type = static_cast<const arrow::TimestampType&>(*column.array->type());
    return (type.timezone().empty() || type.timezone() == "UTC") && HasPlainYears(column);
  }

  static constexpr int64_t TextBound(int64_t size) { return QuotedBound(size); }
  static char* WriteText(std::string_view text, char* out) noexcept {
    return WriteQuoted(text, out);
  }
  static char* WriteDouble(double value, char* out) noexcept { return WriteFloating(value, out); }
  static char* WriteFloat(float value, char* out) noexcept { return WriteFloating(value, out); }
  static char* WriteTimestamp(int64_t utc, const TextColumn& column, DateText* date,
                              char* out) noexcept {
    const Moment moment = MomentOf(utc, column.unit);
    out = date->Write(moment.day, out);
    *out++ = ' ';
    out = WriteTimeOfDay(moment.second_of_day, out);
    if (column.unit != TimeUnit::kSecond) {
      *out++ = '.';
      const int digits = column.unit == TimeUnit::kMilli   ? 3
                         : column.unit == TimeUnit::kMicro ? 6
                                                           : 9;
      out = WritePadded(moment.fraction, digits, out);
    }
    *out = 'Z';
    return out + (column.has_zone ? 1 : 0);
  }
  static char* WriteDate(int64_t day, DateText* date, char* out) noexcept {
    return date->Write(day, out);
  }
};

}  // namespace

std::unique_ptr<RowWriter> MakeCsvRowWriter(char delimiter, arrow::MemoryPool* pool) {
  return std::make_unique<TextRows<CsvDialect>>(CsvDialect{.delimiter = delimiter}, pool);
}

std::string CsvHeader(const arrow::Schema& schema, char delimiter) {
  std::string line;
  for (const auto& field : schema.fields()) {
    if (!line.empty()) line += delimiter;
    std::string cell(static_cast<size_t>(QuotedBound(static_cast<int64_t>(field->name().size()))),
                     '\0');
    cell.resize(static_cast<size_t>(WriteQuoted(field->name(), cell.data()) - cell.data()));
    line += cell;
  }
  return line + '\n';
}

}  // namespace headrace::codec
