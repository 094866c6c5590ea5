#include "shape/sort_keys.h"

#include <cmath>
#include <utility>

#include <arrow/array.h>
#include <arrow/compute/api.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "shape/column_index.h"
#include "shape/pool_vector.h"

namespace headrace::shape {
namespace {

namespace cp = arrow::compute;

// The type in which Arrow sorts the values of a type; null: they have no order.
std::shared_ptr<arrow::DataType> SortedType(const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case arrow::Type::DICTIONARY:
      return SortedType(static_cast<const arrow::DictionaryType&>(*type).value_type());
    case arrow::Type::HALF_FLOAT: return arrow::float32();
    case arrow::Type::STRING_VIEW: return arrow::large_utf8();
    case arrow::Type::BINARY_VIEW: return arrow::large_binary();
    case arrow::Type::NA: return arrow::boolean();
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(*type);
      return arrow::decimal128(decimal.precision(), decimal.scale());
    }
    default: break;
  }
  const bool sorted = arrow::is_primitive(type->id()) || arrow::is_base_binary_like(type->id()) ||
                      arrow::is_fixed_size_binary(type->id());
  return sorted && !arrow::is_interval(type->id()) ? type : nullptr;
}

bool IsNan(const arrow::Scalar& scalar) {
  if (scalar.type->id() == arrow::Type::FLOAT) {
    return std::isnan(static_cast<const arrow::FloatScalar&>(scalar).value);
  }
  return scalar.type->id() == arrow::Type::DOUBLE &&
         std::isnan(static_cast<const arrow::DoubleScalar&>(scalar).value);
}

}  // namespace

Result<SortKeys> SortKeys::Make(const arrow::Schema& schema, std::vector<expr::OrderKey> keys) {
  if (keys.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "there is no column to order by", {"order_by"});
  }
  SortKeys made;
  arrow::FieldVector fields;
  for (const expr::OrderKey& key : keys) {
    ARROW_ASSIGN_OR_RAISE(const int place, ColumnIndex(schema, key.column, "order_by"));
    const auto type = SortedType(schema.field(place)->type());
    if (type == nullptr) {
      return MakeError(ErrorCode::kTypeMismatch,
                       fmt::format("rows cannot be ordered by '{}', which is {}", key.column,
                                   schema.field(place)->type()->ToString()),
                       {"order_by", key.column});
    }
    fields.push_back(arrow::field(std::to_string(made.places_.size()), type));
    made.places_.push_back(place);
  }
  made.keys_ = std::move(keys);
  made.schema_ = arrow::schema(std::move(fields));
  return made;
}

Result<std::shared_ptr<arrow::RecordBatch>> SortKeys::Of(const arrow::RecordBatch& rows,
                                                         arrow::MemoryPool* pool) const {
  cp::ExecContext context(pool, nullptr);
  arrow::ArrayVector columns;
  for (size_t i = 0; i < places_.size(); ++i) {
    std::shared_ptr<arrow::Array> column = rows.column(places_[i]);
    if (column->type_id() == arrow::Type::DICTIONARY) {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(*column);
      ARROW_ASSIGN_OR_RAISE(const arrow::Datum values,
                            cp::Take(encoded.dictionary(), encoded.indices(),
                                     cp::TakeOptions::NoBoundsCheck(), &context));
      column = values.make_array();
    }
    const auto& type = schema_->field(static_cast<int>(i))->type();
    if (!column->type()->Equals(*type)) {
      ARROW_ASSIGN_OR_RAISE(const arrow::Datum cast,
                            cp::Cast(column, cp::CastOptions::Unsafe(type), &context));
      column = cast.make_array();
    }
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema_, rows.num_rows(), std::move(columns));
}

Result<std::shared_ptr<arrow::Array>> SortKeys::Sort(const arrow::RecordBatchVector& keys,
                                                     arrow::MemoryPool* pool) const {
  std::vector<cp::SortKey> order;
  for (size_t i = 0; i < keys_.size(); ++i) {
    order.emplace_back(arrow::FieldRef(static_cast<int>(i)),
                       keys_[i].descending ? cp::SortOrder::Descending : cp::SortOrder::Ascending);
  }
  ARROW_ASSIGN_OR_RAISE(const auto table, arrow::Table::FromRecordBatches(schema_, keys));
  // As much as the sort takes beside the indices, and not from the pool.
  PoolVector<int64_t> scratch(pool);
  ARROW_RETURN_NOT_OK(scratch.Reserve(table->num_rows()));
  cp::ExecContext context(pool, nullptr);
  return cp::SortIndices(arrow::Datum(table), cp::SortOptions(order), &context);
}

Result<std::shared_ptr<arrow::Array>> SortKeys::UpTo(const arrow::RecordBatch& keys,
                                                     const std::shared_ptr<arrow::Scalar>& bound,
                                                     arrow::MemoryPool* pool) const {
  if (!bound->is_valid || IsNan(*bound)) return nullptr;
  cp::ExecContext context(pool, nullptr);
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum mask,
                        cp::CallFunction(keys_[0].descending ? "greater_equal" : "less_equal",
                                         {keys.column(0), bound}, &context));
  return mask.make_array();
}

}  // namespace headrace::shape
