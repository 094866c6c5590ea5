#include "codec/unified_dictionaries.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/array/array_dict.h>
#include <arrow/buffer.h>
#include <arrow/compare.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

/// NaN is NaN: a dictionary that has it would else never be the one before.
bool SameValues(const arrow::Array& a, const arrow::Array& b) {
  return &a == &b || a.data() == b.data() ||
         a.Equals(b, arrow::EqualOptions::Defaults().nans_equal(true));
}

/// With the null in the index, where there is one among the values.
Result<std::shared_ptr<arrow::Array>> WithoutNullValues(const arrow::DictionaryArray& column,
                                                        arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum decoded,
                        arrow::compute::Cast(column, column.dict_type()->value_type(),
                                             arrow::compute::CastOptions::Safe(), &context));
  ARROW_ASSIGN_OR_RAISE(
      const arrow::Datum encoded,
      arrow::compute::DictionaryEncode(decoded, arrow::compute::DictionaryEncodeOptions::Defaults(),
                                       &context));
  return encoded.make_array();
}

Status Explain(const Status& status, const arrow::Field& field) {
  if (status.ok() || CodeOf(status) == ErrorCode::kMemoryLimit) return status;
  return MakeError(ErrorCode::kTypeMismatch,
                   fmt::format("column '{}' of type {} has dictionaries that differ from batch to "
                               "batch and do not go into one, which the Arrow file format needs "
                               "({}); write the stream format, or decode the column",
                               field.name(), field.type()->ToString(), status.message()),
                   {field.name()});
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> UnifiedDictionaries::Apply(
    const std::shared_ptr<arrow::RecordBatch>& batch) {
  known_.resize(static_cast<size_t>(batch->num_columns()));
  auto columns = batch->columns();
  bool changed = false;
  for (int i = 0; i < batch->num_columns(); ++i) {
    if (columns[i]->type_id() != arrow::Type::DICTIONARY) continue;
    auto unified = ApplyToColumn(columns[i], &known_[i]);
    if (!unified.ok()) return Explain(unified.status(), *batch->schema()->field(i));
    changed |= columns[i] != *unified;
    columns[i] = *std::move(unified);
  }
  return changed ? arrow::RecordBatch::Make(batch->schema(), batch->num_rows(), std::move(columns))
                 : batch;
}

Result<std::shared_ptr<arrow::Array>> UnifiedDictionaries::ApplyToColumn(
    const std::shared_ptr<arrow::Array>& column, std::shared_ptr<arrow::Array>* known) {
  const auto* encoded = static_cast<const arrow::DictionaryArray*>(column.get());
  const auto& values = encoded->dictionary();
  if (*known != nullptr && SameValues(*values, **known)) return column;
  auto unifier = arrow::DictionaryUnifier::Make(encoded->dict_type()->value_type(), pool_);
  if (!unifier.ok()) {
    if (*known != nullptr) return unifier.status();
    *known = values;
    return column;
  }
  std::shared_ptr<arrow::Array> clean = column;
  if (values->null_count() > 0) {
    // Indices of 32 bits for now; Transpose() gives them the column's type.
    ARROW_ASSIGN_OR_RAISE(clean, WithoutNullValues(*encoded, pool_));
    encoded = static_cast<const arrow::DictionaryArray*>(clean.get());
  }
  if (*known != nullptr) ARROW_RETURN_NOT_OK((*unifier)->Unify(**known));
  std::shared_ptr<arrow::Buffer> turned;
  ARROW_RETURN_NOT_OK((*unifier)->Unify(*encoded->dictionary(), &turned));
  const auto& type = static_cast<const arrow::DictionaryType&>(*column->type());
  std::shared_ptr<arrow::Array> all;
  ARROW_RETURN_NOT_OK((*unifier)->GetResultWithIndexType(type.index_type(), &all));
  if (*known == nullptr && clean == column && all->length() == values->length()) {
    *known = values;  // no value twice: as good as it is
    return column;
  }
  if (*known == nullptr || all->length() > (*known)->length()) *known = std::move(all);
  return encoded->Transpose(column->type(), *known, turned->data_as<int32_t>(), pool_);
}

}  // namespace headrace::codec
