#include "shape/column_index.h"

#include <vector>

#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace::shape {

Result<int> ColumnIndex(const arrow::Schema& schema, const std::string& name,
                        const char* argument) {
  const std::vector<int> found = schema.GetAllFieldIndices(name);
  if (found.size() == 1) return found[0];
  if (found.size() > 1) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("{} columns are called '{}'", found.size(), name),
                     {argument, name});
  }
  return MakeError(
      ErrorCode::kUnknownName,
      fmt::format("there is no column '{}'{}", name, NameHint(name, schema.field_names())),
      {argument, name});
}

}  // namespace headrace::shape
