#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/array/array_dict.h>
#include <arrow/buffer_builder.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "codec/number_text.h"
#include "codec/row_writer.h"
#include "codec/short_text.h"
#include "codec/text_column.h"
#include "headrace/error_code.h"

namespace headrace::codec {

/// What stands around the cells of a row.
struct RowForm {
  bool comma_between = false;         // before each row but the first
  std::vector<std::string> prefixes;  // before each cell
  std::string suffix;
};

/// What is done to a type before it is written.
struct TextCast {
  std::shared_ptr<arrow::DataType> target;  // none: nothing
  bool bare = false;                        // the text is no text to the format, but a number
};

/// What all text formats do to a type: small integers and durations become int64, and the kinds of
/// TextColumn stay as they are. Nothing for a type that each format has its own way with. `bare` is
/// of decimals, and of dates and times that have no kind.
std::optional<TextCast> SharedCastOf(const arrow::DataType& type, bool bare);

/// The loop over rows and cells that text formats share. A dialect says how it looks:
///
///   RowForm FormOf(schema)
///   std::optional<TextCast> CastOf(type)   where SharedCastOf() has nothing; nothing: refused
///   bool WritesItself(column)              false: the column is cast to text by Arrow
///   kFormat, kNull, TextBound(size), WriteText(text, out), WriteDouble, WriteFloat,
///   WriteTimestamp(value, column, date, out), WriteDate(day, date, out), kCastsSafely,
///   kNumbersAreBare
template <typename Dialect>
class TextRows final : public RowWriter {
 public:
  TextRows(Dialect dialect, arrow::MemoryPool* pool)
      : dialect_(std::move(dialect)),
        pool_(pool != nullptr ? pool : arrow::default_memory_pool()) {}

  void set_behind_rows(bool behind) noexcept override { behind_rows_ = behind; }

  Result<int64_t> WriteSome(const arrow::RecordBatch& batch, int64_t first_row,
                            int64_t target_bytes, arrow::BufferBuilder* out) override {
    ARROW_RETURN_NOT_OK(Bind(batch));
    const int64_t begin_bytes = out->length();
    int64_t row = first_row;
    for (; row < batch.num_rows() && out->length() - begin_bytes < target_bytes; ++row) {
      const int64_t bound = fixed_bytes_ + TextBytes(row);
      if (out->capacity() - out->length() < bound) ARROW_RETURN_NOT_OK(out->Reserve(bound));
      char* const begin = reinterpret_cast<char*>(out->mutable_data()) + out->length();
      out->UnsafeAdvance(WriteRow(row, begin) - begin);
    }
    return row;
  }

 private:
  struct Column : TextColumn {
    size_t prefix_size = 0;
    DateText date;
  };
  /// Copied at once; shorter prefixes have so much room.
  static constexpr size_t kBlockBytes = 16;
  /// Room for any cell but text.
  static constexpr int64_t kCellBytes = 64;

  Status Bind(const arrow::RecordBatch& batch) {
    const arrow::Schema& schema = *batch.schema();
    if (!bound_) {
      form_ = dialect_.FormOf(schema);
      columns_.resize(static_cast<size_t>(batch.num_columns()));
      fixed_bytes_ = kCellBytes + static_cast<int64_t>(form_.suffix.size());
      for (size_t i = 0; i < columns_.size(); ++i) {
        columns_[i].prefix_size = form_.prefixes[i].size();
        form_.prefixes[i].resize(std::max(form_.prefixes[i].size(), kBlockBytes));
        fixed_bytes_ += static_cast<int64_t>(form_.prefixes[i].size()) + kCellBytes;
      }
      bound_ = true;
    }
    texts_.clear();
    for (int i = 0; i < batch.num_columns(); ++i) {
      Column& column = columns_[static_cast<size_t>(i)];
      ARROW_ASSIGN_OR_RAISE(static_cast<TextColumn&>(column),
                            BindColumn(*schema.field(i), batch.column(i), std::move(column.cells)));
      if (HasText(column)) texts_.push_back(&column);
    }
    return Status::OK();
  }

  Result<TextColumn> BindColumn(const arrow::Field& field, std::shared_ptr<arrow::Array> array,
                                std::shared_ptr<const SpelledCells> kept) {
    if (array->type_id() == arrow::Type::DICTIONARY) {
      return BindDictionary(field, static_cast<const arrow::DictionaryArray&>(*array),
                            std::move(kept));
    }
    auto cast = SharedCastOf(*array->type(), Dialect::kNumbersAreBare);
    if (!cast) cast = Dialect::CastOf(*array->type());
    if (!cast) {
      return MakeError(ErrorCode::kNotImplemented,
                       "a column of type " + field.type()->ToString() + " cannot be written as " +
                           std::string(Dialect::kFormat),
                       {field.name()});
    }
    if (cast->target == nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto column, BindTextColumn(array));
      if (Dialect::WritesItself(column)) return column;
      cast = TextCast{.target = arrow::utf8(), .bare = Dialect::kNumbersAreBare};
    }
    ARROW_ASSIGN_OR_RAISE(array, CastTo(cast->target, *array, Dialect::kCastsSafely, pool_));
    ARROW_ASSIGN_OR_RAISE(auto column, BindTextColumn(std::move(array)));
    if (cast->bare) column.kind = TextKind::kBareText;
    return column;
  }

  /// Each value is written once, unless there are more of them than rows.
  Result<TextColumn> BindDictionary(const arrow::Field& field, const arrow::DictionaryArray& array,
                                    std::shared_ptr<const SpelledCells> kept) {
    const auto& values = array.dictionary();
    if (kept == nullptr || kept->values->data() != values->data()) {
      if (values->length() > array.length()) {
        ARROW_ASSIGN_OR_RAISE(auto decoded, CastTo(values->type(), array, true, pool_));
        return BindColumn(field, std::move(decoded), nullptr);
      }
      ARROW_ASSIGN_OR_RAISE(kept, Spell(field, values));
    }
    ARROW_ASSIGN_OR_RAISE(auto indices, CastTo(arrow::int64(), *array.indices(), false, pool_));
    ARROW_ASSIGN_OR_RAISE(auto column, BindTextColumn(std::move(indices)));
    column.kind = TextKind::kSpelled;
    column.cells = std::move(kept);
    return column;
  }

  Result<std::shared_ptr<const SpelledCells>> Spell(const arrow::Field& field,
                                                    const std::shared_ptr<arrow::Array>& values) {
    Column column;
    ARROW_ASSIGN_OR_RAISE(static_cast<TextColumn&>(column), BindColumn(field, values, nullptr));
    auto cells = std::make_shared<SpelledCells>();
    cells->values = values;
    cells->ends.reserve(static_cast<size_t>(values->length()));
    arrow::BufferBuilder text(pool_);
    for (int64_t row = 0; row < values->length(); ++row) {
      ARROW_RETURN_NOT_OK(text.Reserve(kCellBytes + TextBytes(column, row)));
      char* const begin = reinterpret_cast<char*>(text.mutable_data()) + text.length();
      text.UnsafeAdvance(WriteCell(column, row, begin) - begin);
      cells->ends.push_back(text.length());
    }
    ARROW_RETURN_NOT_OK(text.Finish(&cells->text));
    return cells;
  }

  static bool HasText(const TextColumn& column) noexcept {
    return column.kind == TextKind::kString || column.kind == TextKind::kLargeString ||
           column.kind == TextKind::kBareText || column.kind == TextKind::kSpelled;
  }
  static int64_t TextBytes(const TextColumn& column, int64_t row) noexcept {
    switch (column.kind) {
      case TextKind::kString:
        return Dialect::TextBound(static_cast<int64_t>(column.Text<int32_t>(row).size()));
      case TextKind::kLargeString:
        return Dialect::TextBound(static_cast<int64_t>(column.Text<int64_t>(row).size()));
      case TextKind::kBareText: return static_cast<int64_t>(column.Text<int32_t>(row).size());
      case TextKind::kSpelled:
        return column.IsNull(row) ? 0 : static_cast<int64_t>(column.Cell(row).size());
      default: return 0;
    }
  }
  int64_t TextBytes(int64_t row) const noexcept {
    int64_t bytes = 0;
    for (const Column* column : texts_) bytes += TextBytes(*column, row);
    return bytes;
  }

  char* WriteRow(int64_t row, char* out) noexcept {
    *out = ',';
    out += form_.comma_between && behind_rows_ ? 1 : 0;
    behind_rows_ = true;
    for (size_t i = 0; i < columns_.size(); ++i) {
      Column& column = columns_[i];
      out = CopyPrefix(form_.prefixes[i].data(), column.prefix_size, out);
      out = WriteCell(column, row, out);
    }
    return CopyShort(form_.suffix, out);
  }

  static char* CopyPrefix(const char* prefix, size_t size, char* out) noexcept {
    if (size > kBlockBytes) return CopyShort({prefix, size}, out);
    std::memcpy(out, prefix, kBlockBytes);
    return out + size;
  }

  static char* WriteCell(Column& column, int64_t row, char* out) noexcept {
    if (column.IsNull(row)) return CopyShort(Dialect::kNull, out);
    switch (column.kind) {
      case TextKind::kDouble: return Dialect::WriteDouble(column.template Value<double>(row), out);
      case TextKind::kFloat: return Dialect::WriteFloat(column.template Value<float>(row), out);
      case TextKind::kInt64: return WriteInt64(column.template Value<int64_t>(row), out);
      case TextKind::kUInt64: return WriteUInt64(column.template Value<uint64_t>(row), out);
      case TextKind::kString: return Dialect::WriteText(column.template Text<int32_t>(row), out);
      case TextKind::kLargeString:
        return Dialect::WriteText(column.template Text<int64_t>(row), out);
      case TextKind::kBareText: return CopyShort(column.template Text<int32_t>(row), out);
      case TextKind::kSpelled: return CopyShort(column.Cell(row), out);
      case TextKind::kTimestamp:
        return Dialect::WriteTimestamp(column.template Value<int64_t>(row), column, &column.date,
                                       out);
      case TextKind::kDate:
        return Dialect::WriteDate(column.template Value<int32_t>(row), &column.date, out);
      case TextKind::kBool: return CopyShort(column.Bit(row) ? "true" : "false", out);
      case TextKind::kNull: break;
    }
    return out;
  }

  const Dialect dialect_;
  arrow::MemoryPool* const pool_;
  RowForm form_;
  std::vector<Column> columns_;
  std::vector<const Column*> texts_;  // those whose cells have no fixed bound
  int64_t fixed_bytes_ = 0;           // room for a row without its text
  bool bound_ = false;
  bool behind_rows_ = false;
};

}  // namespace headrace::codec
