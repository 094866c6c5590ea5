#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "codec/json_rows.h"
#include "codec/json_writer.h"
#include "codec/row_writer.h"
#include "codec/text_rows.h"

namespace headrace::codec {
namespace {

struct JsonDialect {
  static constexpr std::string_view kFormat = "JSON rows";
  static constexpr std::string_view kNull = "null";
  static constexpr bool kCastsSafely = false;
  static constexpr bool kNumbersAreBare = false;

  JsonLayout layout;

  RowForm FormOf(const arrow::Schema& schema) const {
    RowForm form{.comma_between = layout != JsonLayout::kLines};
    for (const auto& field : schema.fields()) {
      std::string prefix;
      if (layout != JsonLayout::kValues) {
        prefix = form.prefixes.empty() ? '{' : ',';
        WriteJsonString(field->name(), &prefix);
        prefix += ':';
      }
      form.prefixes.push_back(std::move(prefix));
    }
    if (layout == JsonLayout::kValues) return form;
    form.suffix = form.prefixes.empty() ? "{}" : "}";
    if (layout == JsonLayout::kLines) form.suffix += '\n';
    return form;
  }

  static std::optional<TextCast> CastOf(const arrow::DataType& type) {
    if (type.id() != arrow::Type::HALF_FLOAT) return std::nullopt;
    return TextCast{arrow::float32()};
  }
  static bool WritesItself(const TextColumn& column) {
    return column.kind != TextKind::kDate || HasPlainYears(column);
  }

  static constexpr int64_t TextBound(int64_t size) { return JsonStringBound(size); }
  static char* WriteText(std::string_view text, char* out) noexcept {
    return WriteJsonString(text, out);
  }
  static char* WriteDouble(double value, char* out) noexcept { return WriteJsonDouble(value, out); }
  static char* WriteFloat(float value, char* out) noexcept { return WriteJsonFloat(value, out); }
  static char* WriteTimestamp(int64_t utc, const TextColumn& column, DateText* date,
                              char* out) noexcept {
    return WriteJsonTimestamp(utc, column.unit, date, out);
  }
  static char* WriteDate(int64_t day, DateText* date, char* out) noexcept {
    *out++ = '"';
    out = date->Write(day, out);
    *out++ = '"';
    return out;
  }
};

}  // namespace

std::unique_ptr<RowWriter> MakeJsonRowWriter(JsonLayout layout, arrow::MemoryPool* pool) {
  return std::make_unique<TextRows<JsonDialect>>(JsonDialect{.layout = layout}, pool);
}

Status WriteJsonRows(const arrow::RecordBatch& batch, std::string* out) {
  constexpr int64_t kBlockBytes = 128 << 10;  // stays in the processor's cache until it is copied
  const auto writer = MakeJsonRowWriter(JsonLayout::kList, nullptr);
  arrow::BufferBuilder block;
  *out += '[';
  int64_t row = 0;
  do {
    ARROW_ASSIGN_OR_RAISE(row, writer->WriteSome(batch, row, kBlockBytes, &block));
    out->append(reinterpret_cast<const char*>(block.data()), static_cast<size_t>(block.length()));
    block.Rewind(0);
    if (row > 0 && row < batch.num_rows() && out->capacity() - out->size() < 2 * kBlockBytes) {
      out->reserve(out->size() + out->size() / row * (batch.num_rows() - row) * 11 / 10 + 4096);
    }
  } while (row < batch.num_rows());
  *out += ']';
  return Status::OK();
}

}  // namespace headrace::codec
