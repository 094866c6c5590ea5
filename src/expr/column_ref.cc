#include "expr/column_ref.h"

#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace headrace::expr {
namespace {

std::vector<std::string> NamesOf(const arrow::FieldVector& fields) {
  std::vector<std::string> names;
  names.reserve(fields.size());
  for (const auto& field : fields) names.push_back(field->name());
  return names;
}

arrow::FieldRef RefOf(const std::vector<std::string>& path) {
  if (path.size() == 1) return arrow::FieldRef(path[0]);
  std::vector<arrow::FieldRef> names(path.begin(), path.end());
  return arrow::FieldRef(std::move(names));
}

}  // namespace

Result<Typed> ResolveColumn(const InputText& input, const arrow::Schema& schema,
                            const std::vector<std::string>& path, bool dotted, size_t offset) {
  if (dotted) {
    const std::string joined = fmt::format("{}", fmt::join(path, "."));
    if (!schema.GetAllFieldIndices(joined).empty()) {
      return ResolveColumn(input, schema, {joined}, false, offset);
    }
  }
  const arrow::FieldVector* fields = &schema.fields();
  std::shared_ptr<arrow::Field> found;
  std::string so_far;
  for (const std::string& name : path) {
    if (found != nullptr && found->type()->id() != arrow::Type::STRUCT) {
      return ErrorAt(
          input, ErrorCode::kTypeMismatch, offset,
          fmt::format("'{}' is of type {} and has no fields", so_far, found->type()->ToString()));
    }
    std::shared_ptr<arrow::Field> next;
    for (const auto& field : *fields) {
      if (field->name() != name) continue;
      if (next != nullptr) {
        return ErrorAt(input, ErrorCode::kInvalidArgument, offset,
                       fmt::format("more than one column is called '{}'", name));
      }
      next = field;
    }
    so_far += so_far.empty() ? name : "." + name;
    if (next == nullptr) return UnknownColumn(input, offset, so_far, NamesOf(*fields));
    found = std::move(next);
    fields = &found->type()->fields();
  }
  return Typed{arrow::compute::field_ref(RefOf(path)), found->type(), offset};
}

std::vector<std::string> PathOf(const arrow::FieldRef& ref, const arrow::Schema& schema) {
  const auto path = ref.FindAll(schema);
  if (path.size() != 1) return PathOf(ref);
  std::vector<std::string> names;
  const arrow::FieldVector* fields = &schema.fields();
  for (const int index : path[0].indices()) {
    const auto& field = (*fields)[static_cast<size_t>(index)];
    names.push_back(field->name());
    fields = &field->type()->fields();
  }
  return names;
}

std::vector<std::string> PathOf(const arrow::FieldRef& ref) {
  if (ref.name() != nullptr) return {*ref.name()};
  std::vector<std::string> names;
  if (ref.nested_refs() != nullptr) {
    for (const arrow::FieldRef& part : *ref.nested_refs()) {
      if (part.name() == nullptr) return {};
      names.push_back(*part.name());
    }
  }
  return names;
}

}  // namespace headrace::expr
