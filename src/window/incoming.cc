#include "window/incoming.h"

#include <algorithm>
#include <cassert>

#include <arrow/array.h>
#include <arrow/compute/api.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/value_parsing.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::window {
namespace {

// The window's type for an Arrow type, or kNull with `known` false if there is none.
ColumnType TypeOf(const arrow::DataType& type, bool* known) {
  *known = true;
  switch (type.id()) {
    case arrow::Type::NA: return ColumnType::kNull;
    case arrow::Type::BOOL: return ColumnType::kBool;
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::UINT32:
    case arrow::Type::UINT64: return ColumnType::kInt64;
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE: return ColumnType::kDouble;
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW: return ColumnType::kString;
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIMESTAMP: return ColumnType::kTimestamp;
    case arrow::Type::DICTIONARY:
      return TypeOf(*static_cast<const arrow::DictionaryType&>(type).value_type(), known);
    default: *known = false; return ColumnType::kNull;
  }
}

Result<std::shared_ptr<arrow::Array>> Canonical(const std::shared_ptr<arrow::Array>& array,
                                                ColumnType type, std::string_view name,
                                                arrow::MemoryPool* pool) {
  auto target = ArrowType(type);
  if (array->type()->Equals(*target)) return array;
  if (array->type_id() == arrow::Type::DICTIONARY) {
    // The dictionary first: Arrow decodes none of views, which is how Polars holds its categories.
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
    ARROW_ASSIGN_OR_RAISE(auto values, Canonical(encoded.dictionary(), type, name, pool));
    arrow::compute::ExecContext context(pool);
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum decoded,
                          arrow::compute::Take(values, encoded.indices(),
                                               arrow::compute::TakeOptions::Defaults(), &context));
    return decoded.make_array();
  }
  // A wall-clock timestamp is taken as UTC: the cast from a naive type would ask for a time zone.
  if (array->type_id() == arrow::Type::TIMESTAMP) {
    const auto& from = static_cast<const arrow::TimestampType&>(*array->type());
    if (from.timezone().empty()) target = arrow::timestamp(arrow::TimeUnit::NANO);
  } else if (type == ColumnType::kTimestamp) {
    target = arrow::timestamp(arrow::TimeUnit::NANO);
  }
  arrow::compute::ExecContext context(pool);
  auto cast = arrow::compute::Cast(*array, target, arrow::compute::CastOptions::Safe(), &context);
  if (!cast.ok()) {
    return MakeError(
        ErrorCode::kTypeMismatch,
        fmt::format("column '{}' of type {} does not fit into {}: {}", name,
                    array->type()->ToString(), TypeName(type), cast.status().message()),
        {"data", std::string(name)});
  }
  return cast;
}

Status InitializeCompute() {
  static const Status status = arrow::compute::Initialize();
  return status;
}

void WriteCell(const Cell& cell, int64_t row, Column* target) noexcept {
  if (cell.is_null()) return target->WriteNull(row);
  switch (target->type()) {
    case ColumnType::kNull: return;
    case ColumnType::kInt64: return target->WriteInt64(row, cell.int64);
    case ColumnType::kDouble:
      return target->WriteDouble(
          row, cell.kind == Cell::Kind::kInt64 ? static_cast<double>(cell.int64) : cell.float64);
    case ColumnType::kBool: return target->WriteBool(row, cell.boolean);
    case ColumnType::kString: return target->WriteString(row, cell.view());
    case ColumnType::kTimestamp: {
      int64_t utc_ns = cell.int64;
      if (cell.kind == Cell::Kind::kString) ParseTimestamp(cell.view(), &utc_ns);
      return target->WriteInt64(row, utc_ns);
    }
  }
}

void WriteArray(const arrow::Array& array, int64_t first, int64_t row, Column* target) noexcept {
  const auto write = [&](const auto& typed, auto&& one) {
    for (int64_t i = first; i < typed.length(); ++i, ++row) {
      if (typed.IsNull(i)) {
        target->WriteNull(row);
      } else {
        one(typed, i);
      }
    }
  };
  switch (array.type_id()) {
    case arrow::Type::INT64:
      return write(static_cast<const arrow::Int64Array&>(array), [&](const auto& a, int64_t i) {
        if (target->type() == ColumnType::kDouble) {
          target->WriteDouble(row, static_cast<double>(a.Value(i)));
        } else {
          target->WriteInt64(row, a.Value(i));
        }
      });
    case arrow::Type::TIMESTAMP:
      return write(static_cast<const arrow::TimestampArray&>(array),
                   [&](const auto& a, int64_t i) { target->WriteInt64(row, a.Value(i)); });
    case arrow::Type::DOUBLE:
      return write(static_cast<const arrow::DoubleArray&>(array),
                   [&](const auto& a, int64_t i) { target->WriteDouble(row, a.Value(i)); });
    case arrow::Type::BOOL:
      return write(static_cast<const arrow::BooleanArray&>(array),
                   [&](const auto& a, int64_t i) { target->WriteBool(row, a.Value(i)); });
    case arrow::Type::STRING:
      return write(static_cast<const arrow::StringArray&>(array),
                   [&](const auto& a, int64_t i) { target->WriteString(row, a.GetView(i)); });
    default:
      for (int64_t i = first; i < array.length(); ++i, ++row) target->WriteNull(row);
  }
}

}  // namespace

void TakeRows(const RowBatch& rows, Incoming* out) {
  out->num_rows = rows.num_rows();
  out->columns.resize(static_cast<size_t>(rows.num_columns()));
  for (int64_t i = 0; i < rows.num_columns(); ++i) {
    IncomingColumn& column = out->columns[static_cast<size_t>(i)];
    column.name = rows.name(i);
    column.cells = rows.cells(i);
  }
}

Result<Incoming> TakeBatches(arrow::RecordBatchReader& reader, arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(InitializeCompute());
  Incoming incoming;
  const auto schema = reader.schema();
  for (const auto& field : schema->fields()) {
    IncomingColumn column{.name = field->name()};
    bool known = false;
    column.array_type = TypeOf(*field->type(), &known);
    if (!known) {
      return MakeError(ErrorCode::kTypeMismatch,
                       fmt::format("column '{}' has type {}; a live window holds int64, double, "
                                   "bool, string and timestamp",
                                   field->name(), field->type()->ToString()),
                       {"data", field->name()});
    }
    incoming.columns.push_back(std::move(column));
  }
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader.Next());
    if (batch == nullptr) break;
    if (batch->num_rows() == 0) continue;
    incoming.num_rows += batch->num_rows();
    for (size_t i = 0; i < incoming.columns.size(); ++i) {
      IncomingColumn& column = incoming.columns[i];
      ARROW_ASSIGN_OR_RAISE(auto array, Canonical(batch->column(static_cast<int>(i)),
                                                  column.array_type, column.name, pool));
      column.arrays.push_back(std::move(array));
    }
  }
  return incoming;
}

int64_t TextBytes(const IncomingColumn& column, int64_t first, int64_t num_rows) noexcept {
  int64_t bytes = 0;
  if (column.cells != nullptr) {
    for (int64_t i = first; i < num_rows; ++i) {
      if (column.cells[i].kind == Cell::Kind::kString) bytes += column.cells[i].text.size;
    }
    return bytes;
  }
  if (column.array_type != ColumnType::kString) return 0;
  for (const auto& array : column.arrays) {
    bytes += static_cast<const arrow::StringArray&>(*array).total_values_length();
  }
  return bytes;  // of all rows: an upper bound is enough here
}

void WriteRows(const IncomingColumn& column, int64_t first, int64_t num_rows, int64_t target_row,
               Column* target) noexcept {
  if (column.cells != nullptr) {
    for (int64_t i = first; i < num_rows; ++i) {
      WriteCell(column.cells[i], target_row + i - first, target);
    }
    return;
  }
  for (const auto& array : column.arrays) {
    const int64_t skipped = std::min(first, array->length());
    WriteArray(*array, skipped, target_row, target);
    target_row += array->length() - skipped;
    first -= skipped;
  }
}

bool ParseTimestamp(std::string_view text, int64_t* utc_ns) noexcept {
  return arrow::internal::ParseTimestampISO8601(text.data(), text.size(), arrow::TimeUnit::NANO,
                                                utc_ns);
}

}  // namespace headrace::window
