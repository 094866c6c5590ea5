#include "codec/json_row_writer.h"

#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include <arrow/array.h>
#include <arrow/buffer_builder.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include "codec/json_rows.h"
#include "codec/json_writer.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

/// The types that are written as they are; all others are cast to one of them first.
enum class Kind {
  kNull,
  kBool,
  kInt64,
  kUInt64,
  kFloat,
  kDouble,
  kString,
  kLargeString,
  kTimestamp
};

std::shared_ptr<arrow::DataType> CastTarget(const arrow::DataType& type) {
  using arrow::Type;
  switch (type.id()) {
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::DURATION: return arrow::int64();
    case Type::HALF_FLOAT: return arrow::float32();
    case Type::STRING_VIEW:
    case Type::DATE32:
    case Type::DATE64:
    case Type::TIME32:
    case Type::TIME64:
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256: return arrow::utf8();
    case Type::DICTIONARY: return static_cast<const arrow::DictionaryType&>(type).value_type();
    default: return nullptr;
  }
}

TimeUnit UnitOf(const arrow::DataType& type) noexcept {
  switch (static_cast<const arrow::TimestampType&>(type).unit()) {
    case arrow::TimeUnit::SECOND: return TimeUnit::kSecond;
    case arrow::TimeUnit::MILLI: return TimeUnit::kMilli;
    case arrow::TimeUnit::MICRO: return TimeUnit::kMicro;
    default: return TimeUnit::kNano;
  }
}

Result<Kind> KindOf(const arrow::Field& field) {
  using arrow::Type;
  switch (field.type()->id()) {
    case Type::NA: return Kind::kNull;
    case Type::BOOL: return Kind::kBool;
    case Type::INT64: return Kind::kInt64;
    case Type::UINT64: return Kind::kUInt64;
    case Type::FLOAT: return Kind::kFloat;
    case Type::DOUBLE: return Kind::kDouble;
    case Type::STRING: return Kind::kString;
    case Type::LARGE_STRING: return Kind::kLargeString;
    case Type::TIMESTAMP: return Kind::kTimestamp;
    default:
      return MakeError(
          ErrorCode::kNotImplemented,
          "a column of type " + field.type()->ToString() + " cannot be written as JSON rows",
          {field.name()});
  }
}

}  // namespace

struct JsonRowWriter::Column {
  Kind kind;
  TimeUnit unit = TimeUnit::kNano;
  int64_t offset = 0;
  const uint8_t* validity = nullptr;  // none: no nulls
  const uint8_t* values = nullptr;
  const char* text = nullptr;
  std::shared_ptr<arrow::Array> array;  // what the pointers point into

  template <typename T>
  T Value(int64_t row) const noexcept {
    T value;
    std::memcpy(&value, values + (offset + row) * static_cast<int64_t>(sizeof(T)), sizeof(T));
    return value;
  }
  template <typename Offset>
  std::string_view Text(int64_t row) const noexcept {
    const Offset begin = Value<Offset>(row);
    const Offset end = Value<Offset>(row + 1);
    return begin == end ? std::string_view{}
                        : std::string_view{text + begin, static_cast<size_t>(end - begin)};
  }
  bool IsNull(int64_t row) const noexcept {
    return kind == Kind::kNull ||
           (validity != nullptr && !arrow::bit_util::GetBit(validity, offset + row));
  }

  char* Write(int64_t row, char* out) const noexcept {
    if (IsNull(row)) {
      std::memcpy(out, "null", 4);
      return out + 4;
    }
    switch (kind) {
      case Kind::kDouble: return WriteJsonDouble(Value<double>(row), out);
      case Kind::kFloat: return WriteJsonFloat(Value<float>(row), out);
      case Kind::kInt64: return WriteJsonInt64(Value<int64_t>(row), out);
      case Kind::kUInt64: return WriteJsonUInt64(Value<uint64_t>(row), out);
      case Kind::kString: return WriteJsonString(Text<int32_t>(row), out);
      case Kind::kLargeString: return WriteJsonString(Text<int64_t>(row), out);
      case Kind::kTimestamp: return WriteJsonTimestamp(Value<int64_t>(row), unit, out);
      case Kind::kBool: {
        const std::string_view word =
            arrow::bit_util::GetBit(values, offset + row) ? "true" : "false";
        std::memcpy(out, word.data(), word.size());
        return out + word.size();
      }
      case Kind::kNull: break;
    }
    return out;
  }
};

JsonRowWriter::JsonRowWriter(Layout layout, arrow::MemoryPool* pool)
    : layout_(layout), pool_(pool != nullptr ? pool : arrow::default_memory_pool()) {}

JsonRowWriter::~JsonRowWriter() = default;

Status JsonRowWriter::Write(const arrow::RecordBatch& batch, arrow::BufferBuilder* out) {
  return WriteSome(batch, 0, INT64_MAX, out).status();
}

Result<int64_t> JsonRowWriter::WriteSome(const arrow::RecordBatch& batch, int64_t first_row,
                                         int64_t target_bytes, arrow::BufferBuilder* out) {
  ARROW_RETURN_NOT_OK(Bind(batch));
  const int64_t begin_bytes = out->length();
  int64_t row = first_row;
  for (; row < batch.num_rows() && out->length() - begin_bytes < target_bytes; ++row) {
    ARROW_RETURN_NOT_OK(out->Reserve(RowBound(row)));
    char* const begin = reinterpret_cast<char*>(out->mutable_data()) + out->length();
    char* end = begin;
    if (layout_ != Layout::kLines && !first_) {
      *end++ = ',';
    }
    first_ = false;
    end = layout_ == Layout::kValues ? columns_.front().Write(row, end) : WriteRow(row, end);
    if (layout_ == Layout::kLines) {
      *end++ = '\n';
    }
    out->UnsafeAdvance(end - begin);
  }
  return row;
}

Status JsonRowWriter::Bind(const arrow::RecordBatch& batch) {
  const arrow::Schema& schema = *batch.schema();
  if (labels_.empty()) {
    fixed_bytes_ = 4;
    for (int i = 0; i < schema.num_fields(); ++i) {
      std::string label(1, i == 0 ? '{' : ',');
      WriteJsonString(schema.field(i)->name(), &label);
      label += ':';
      fixed_bytes_ += static_cast<int64_t>(label.size()) + kJsonScalarBytes;
      labels_.push_back(std::move(label));
    }
  }
  columns_.clear();
  for (int i = 0; i < batch.num_columns(); ++i) {
    ARROW_ASSIGN_OR_RAISE(Column column, BindColumn(*schema.field(i), batch.column(i)));
    columns_.push_back(std::move(column));
  }
  return Status::OK();
}

Result<JsonRowWriter::Column> JsonRowWriter::BindColumn(const arrow::Field& field,
                                                        std::shared_ptr<arrow::Array> array) {
  if (const auto target = CastTarget(*array->type())) {
    arrow::compute::ExecContext context(pool_);
    ARROW_ASSIGN_OR_RAISE(
        array,
        arrow::compute::Cast(*array, target, arrow::compute::CastOptions::Unsafe(), &context));
    return BindColumn(*field.WithType(target), std::move(array));
  }
  Column column;
  ARROW_ASSIGN_OR_RAISE(column.kind, KindOf(field));
  const arrow::ArrayData& data = *array->data();
  column.offset = data.offset;
  column.validity = array->null_count() > 0 ? data.GetValues<uint8_t>(0, 0) : nullptr;
  if (data.buffers.size() > 1) {
    column.values = data.GetValues<uint8_t>(1, 0);
  }
  if (column.kind == Kind::kString || column.kind == Kind::kLargeString) {
    column.text = reinterpret_cast<const char*>(data.GetValues<uint8_t>(2, 0));
  }
  if (column.kind == Kind::kTimestamp) {
    column.unit = UnitOf(*data.type);
  }
  column.array = std::move(array);
  return column;
}

int64_t JsonRowWriter::RowBound(int64_t row) const noexcept {
  int64_t bytes = fixed_bytes_;
  for (const Column& column : columns_) {
    if (column.kind == Kind::kString) {
      bytes += JsonStringBound(static_cast<int64_t>(column.Text<int32_t>(row).size()));
    } else if (column.kind == Kind::kLargeString) {
      bytes += JsonStringBound(static_cast<int64_t>(column.Text<int64_t>(row).size()));
    }
  }
  return bytes;
}

char* JsonRowWriter::WriteRow(int64_t row, char* out) const noexcept {
  if (columns_.empty()) {
    *out++ = '{';
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    std::memcpy(out, labels_[i].data(), labels_[i].size());
    out = columns_[i].Write(row, out + labels_[i].size());
  }
  *out++ = '}';
  return out;
}

Status WriteJsonRows(const arrow::RecordBatch& batch, std::string* out) {
  constexpr int64_t kBlockBytes = 128 << 10;  // stays in the processor's cache until it is copied
  JsonRowWriter writer(JsonRowWriter::Layout::kList, nullptr);
  arrow::BufferBuilder block;
  *out += '[';
  int64_t row = 0;
  do {
    ARROW_ASSIGN_OR_RAISE(row, writer.WriteSome(batch, row, kBlockBytes, &block));
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
