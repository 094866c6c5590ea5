#include "scan/schema_union.h"

#include <algorithm>
#include <set>
#include <utility>

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::scan {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

bool IsSmallInteger(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) && arrow::bit_width(type.id()) <= 32;
}

// Every integer of 32 bits is a double; Arrow's own promotion would take those of 64 along.
bool DoubleHolds(const arrow::DataType& type) {
  return type.id() == arrow::Type::DOUBLE || type.id() == arrow::Type::FLOAT ||
         IsSmallInteger(type);
}

// A day is its midnight, where no zone says whose.
bool IsLocalTime(const arrow::DataType& type) {
  return type.id() == arrow::Type::TIMESTAMP &&
         static_cast<const arrow::TimestampType&>(type).timezone().empty();
}

TypePtr WithoutDictionary(const TypePtr& type) {
  if (type->id() != arrow::Type::DICTIONARY) return type;
  return static_cast<const arrow::DictionaryType&>(*type).value_type();
}

Result<TypePtr> CommonType(const std::string& name, const TypePtr& a, const TypePtr& b) {
  if (a->Equals(*b)) return a;
  if (a->id() == arrow::Type::NA) return b;
  if (b->id() == arrow::Type::NA) return a;
  if (a->id() == arrow::Type::DATE32 && IsLocalTime(*b)) return b;
  if (b->id() == arrow::Type::DATE32 && IsLocalTime(*a)) return a;
  const bool float_and_integer = (arrow::is_floating(a->id()) && arrow::is_integer(b->id())) ||
                                 (arrow::is_integer(a->id()) && arrow::is_floating(b->id()));
  if (float_and_integer) {
    if (DoubleHolds(*a) && DoubleHolds(*b)) return arrow::float64();
    return Status::TypeError("an integer of 64 bits may not fit into a double");
  }
  arrow::Field::MergeOptions options = arrow::Field::MergeOptions::Defaults();
  options.promote_numeric_width = true;
  options.promote_integer_sign = true;
  options.promote_decimal = true;
  options.promote_binary = true;
  options.promote_temporal_unit = true;
  options.promote_list = true;
  ARROW_ASSIGN_OR_RAISE(const auto merged,
                        arrow::field(name, WithoutDictionary(a))
                            ->MergeWith(arrow::field(name, WithoutDictionary(b)), options));
  return merged->type();
}

}  // namespace

Status SchemaUnion::Add(const arrow::Schema& schema, const std::string& path) {
  std::set<std::string_view> names;
  for (const auto& field : schema.fields()) {
    if (!names.insert(field->name()).second) {
      return MakeError(ErrorCode::kInvalidArgument,
                       fmt::format("{} has two columns '{}'", path, field->name()),
                       {path, field->name()});
    }
    const auto known = std::find_if(columns_.begin(), columns_.end(), [&](const Column& column) {
      return column.field->name() == field->name();
    });
    if (known == columns_.end()) {
      columns_.push_back({field, path});
      continue;
    }
    if (known->field->Equals(*field)) continue;
    const auto common = CommonType(field->name(), known->field->type(), field->type());
    if (!common.ok()) {
      return MakeError(
          ErrorCode::kTypeMismatch,
          fmt::format("the column '{}' is {} in {} and {} in {}: no common type holds both exactly",
                      field->name(), field->type()->ToString(), path,
                      known->field->type()->ToString(), known->path),
          {path, field->name()});
    }
    known->field = known->field->WithType(*common)->WithNullable(known->field->nullable() ||
                                                                 field->nullable());
  }
  return Status::OK();
}

std::shared_ptr<arrow::Schema> SchemaUnion::schema() const {
  arrow::FieldVector fields;
  for (const Column& column : columns_) fields.push_back(column.field);
  return arrow::schema(std::move(fields));
}

}  // namespace headrace::scan
