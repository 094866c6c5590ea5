#include "bars/intake.h"

#include <limits>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/array_primitive.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace::bars {
namespace {

bool IsTime(const arrow::DataType& type) {
  return type.id() == arrow::Type::TIMESTAMP || type.id() == arrow::Type::INT64 ||
         type.id() == arrow::Type::DATE32 || type.id() == arrow::Type::DATE64;
}

bool IsNumber(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id());
}

Result<int> IndexOf(const arrow::Schema& schema, const std::string& name, bool time) {
  const std::vector<int> found = schema.GetAllFieldIndices(name);
  if (found.empty()) {
    return MakeError(
        ErrorCode::kUnknownName,
        fmt::format("there is no column '{}'{}", name, NameHint(name, schema.field_names())),
        {name});
  }
  if (found.size() > 1) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("there are {} columns '{}'", found.size(), name), {name});
  }
  const arrow::DataType& type = *schema.field(found.front())->type();
  if (!(time ? IsTime(type) : IsNumber(type))) {
    return MakeError(
        ErrorCode::kTypeMismatch,
        fmt::format("column '{}' is {}, {}", name, type.ToString(),
                    time ? "not a time: timestamp, date or int64 nanoseconds" : "not a number"),
        {name});
  }
  return found.front();
}

Result<std::shared_ptr<arrow::Array>> Converted(const std::shared_ptr<arrow::Array>& column,
                                                const std::shared_ptr<arrow::DataType>& type,
                                                const std::shared_ptr<arrow::Scalar>& null,
                                                arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  const auto safe = arrow::compute::CastOptions::Safe();
  std::shared_ptr<arrow::Array> values = column;
  if (values->type_id() == arrow::Type::TIMESTAMP) {
    // The zone says how a time is shown, not which one it is.
    const auto utc = arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
    const auto unit = static_cast<const arrow::TimestampType&>(*values->type()).unit();
    ARROW_ASSIGN_OR_RAISE(values, values->View(arrow::timestamp(unit, "UTC")));
    if (unit != arrow::TimeUnit::NANO) {
      const auto cast = arrow::compute::Cast(*values, utc, safe, &context);
      if (!cast.ok()) return MakeError(ErrorCode::kTypeMismatch, cast.status().message());
      values = *cast;
    }
    ARROW_ASSIGN_OR_RAISE(values, values->View(arrow::int64()));
  } else if (type->id() == arrow::Type::INT64 && values->type_id() != arrow::Type::INT64) {
    ARROW_ASSIGN_OR_RAISE(
        values,
        arrow::compute::Cast(*values, arrow::timestamp(arrow::TimeUnit::NANO), safe, &context));
    ARROW_ASSIGN_OR_RAISE(values, values->View(arrow::int64()));
  } else if (!values->type()->Equals(*type)) {
    ARROW_ASSIGN_OR_RAISE(
        values,
        arrow::compute::Cast(*values, type, arrow::compute::CastOptions::Unsafe(), &context));
  }
  if (values->null_count() == 0) return values;
  ARROW_ASSIGN_OR_RAISE(
      const arrow::Datum filled,
      arrow::compute::CallFunction("coalesce", {values, null}, nullptr, &context));
  return filled.make_array();
}

}  // namespace

Result<IntakeColumns> IntakeColumns::Make(const arrow::Schema& schema, const std::string& time,
                                          const std::vector<std::string>& numbers,
                                          const std::vector<std::string>& optional,
                                          arrow::MemoryPool* pool) {
  IntakeColumns columns;
  columns.pool_ = pool;
  ARROW_ASSIGN_OR_RAISE(const int at, IndexOf(schema, time, true));
  columns.indices_.push_back(at);
  for (const std::string& name : numbers) {
    ARROW_ASSIGN_OR_RAISE(const int index, IndexOf(schema, name, false));
    columns.indices_.push_back(index);
  }
  for (const std::string& name : optional) {
    int index = -1;
    if (schema.GetFieldIndex(name) >= 0) {
      ARROW_ASSIGN_OR_RAISE(index, IndexOf(schema, name, false));
    }
    columns.indices_.push_back(index);
  }
  columns.numbers_.resize(columns.indices_.size() - 1);
  columns.kept_.resize(columns.indices_.size());
  return columns;
}

Status IntakeColumns::Load(const arrow::RecordBatch& batch) {
  const std::shared_ptr<arrow::Scalar> no_time =
      std::make_shared<arrow::Int64Scalar>(std::numeric_limits<int64_t>::min());
  const std::shared_ptr<arrow::Scalar> no_number =
      std::make_shared<arrow::DoubleScalar>(std::numeric_limits<double>::quiet_NaN());
  size_ = batch.num_rows();
  for (size_t i = 0; i < indices_.size(); ++i) {
    if (indices_[i] < 0) continue;
    const bool time = i == 0;
    ARROW_ASSIGN_OR_RAISE(
        kept_[i], Converted(batch.column(indices_[i]), time ? arrow::int64() : arrow::float64(),
                            time ? no_time : no_number, pool_));
    if (time) {
      time_ = kept_[i]->data()->GetValues<int64_t>(1);
    } else {
      numbers_[i - 1] = kept_[i]->data()->GetValues<double>(1);
    }
  }
  return Status::OK();
}

}  // namespace headrace::bars
