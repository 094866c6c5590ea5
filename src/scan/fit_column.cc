#include "scan/fit_column.h"

#include <arrow/array/array_base.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>

#include "headrace/error_code.h"
#include "scan/dictionary_rows.h"
#include "scan/row_mask.h"

namespace headrace::scan {

Result<std::shared_ptr<arrow::Array>> FitColumn(std::shared_ptr<arrow::Array> array,
                                                const std::shared_ptr<arrow::DataType>& type,
                                                arrow::MemoryPool* pool) {
  if (array->type()->Equals(*type)) return array;
  if (array->type_id() == arrow::Type::DICTIONARY && type->id() != arrow::Type::DICTIONARY) {
    const auto& encoded = static_cast<const arrow::DictionaryType&>(*array->type());
    if (encoded.value_type()->Equals(*type)) return array;
    ARROW_ASSIGN_OR_RAISE(array, DecodeDictionary(array, pool));
  }
  arrow::compute::ExecContext context(pool);
  return arrow::compute::Cast(*array, type, arrow::compute::CastOptions::Safe(), &context);
}

Status MisfitError(const FilePlace& place, const Status& failure) {
  if (CodeOf(failure) == ErrorCode::kMemoryLimit) return failure;
  return ErrorAt(ErrorCode::kTypeMismatch, place, failure.message());
}

Result<std::shared_ptr<arrow::Array>> ShapeStrings(const std::shared_ptr<arrow::Array>& array,
                                                   bool by_dictionary, arrow::MemoryPool* pool) {
  if (!by_dictionary) return DecodeDictionary(array, pool);
  if (array->type_id() == arrow::Type::DICTIONARY) return array;
  arrow::compute::ExecContext context(pool);
  ARROW_ASSIGN_OR_RAISE(const auto encoded,
                        arrow::compute::DictionaryEncode(
                            array, arrow::compute::DictionaryEncodeOptions::Defaults(), &context));
  return encoded.make_array();
}

}  // namespace headrace::scan
