#include "codec/parquet_encodings.h"

#include <algorithm>
#include <set>
#include <string>

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_aggregate.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

namespace headrace::codec {
namespace {

constexpr int64_t kSampleRows = 4096;
/// Of numbers: they are short, and a larger dictionary is no smaller than what zstd makes of them.
constexpr int64_t kFewNumbers = 256;

/// Rows at even distances, so that sorted columns do not look as if they had few values.
Result<std::shared_ptr<arrow::Array>> SampledRows(int64_t rows, arrow::MemoryPool* pool) {
  arrow::Int64Builder builder(pool);
  const int64_t step = std::max<int64_t>(rows / kSampleRows, 1);
  for (int64_t row = 0; row < rows; row += step) ARROW_RETURN_NOT_OK(builder.Append(row));
  return builder.Finish();
}

Result<int64_t> CountDistinct(const arrow::Array& column, const arrow::Array& rows,
                              arrow::compute::ExecContext* context) {
  ARROW_ASSIGN_OR_RAISE(
      const auto sample,
      arrow::compute::Take(column, rows, arrow::compute::TakeOptions::NoBoundsCheck(), context));
  ARROW_ASSIGN_OR_RAISE(const auto count,
                        arrow::compute::CallFunction("count_distinct", {sample}, context));
  return count.scalar_as<arrow::Int64Scalar>().value;
}

bool IsText(arrow::Type::type id) {
  return arrow::is_base_binary_like(id) || arrow::is_binary_view_like(id);
}

/// What Parquet stores as integers.
bool IsInteger(arrow::Type::type id) {
  return arrow::is_integer(id) || (arrow::is_temporal(id) && !arrow::is_interval(id));
}

}  // namespace

Status ChooseEncodings(const arrow::RecordBatch& first_rows, arrow::MemoryPool* pool,
                       parquet::WriterProperties::Builder* properties) {
  static const Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  ARROW_ASSIGN_OR_RAISE(const auto rows, SampledRows(first_rows.num_rows(), pool));
  const arrow::Schema& schema = *first_rows.schema();
  for (int i = 0; i < schema.num_fields(); ++i) {
    const std::string& name = schema.field(i)->name();
    const auto id = schema.field(i)->type()->id();
    const bool is_number = IsInteger(id) || id == arrow::Type::FLOAT || id == arrow::Type::DOUBLE;
    // Properties go by name, in which a dot leads to the member of a struct.
    const bool is_alone =
        schema.GetAllFieldIndices(name).size() == 1 && name.find('.') == std::string::npos;
    if (!is_alone || (!is_number && !IsText(id))) continue;
    const auto distinct = CountDistinct(*first_rows.column(i), *rows, &context);
    if (!distinct.ok()) continue;  // not a type that is counted; the default will do
    if (*distinct <= (is_number ? kFewNumbers : rows->length() / 2)) continue;
    properties->disable_dictionary(name);
    if (IsInteger(id)) properties->encoding(name, parquet::Encoding::DELTA_BINARY_PACKED);
  }
  return Status::OK();
}

}  // namespace headrace::codec
