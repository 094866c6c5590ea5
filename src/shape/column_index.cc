#include "shape/column_index.h"

#include <string_view>
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
  const std::vector<std::string> names = schema.field_names();  // which `nearest` points into
  const std::string_view nearest = NearestName(name, names);
  return MakeError(ErrorCode::kUnknownName,
                   nearest.empty()
                       ? fmt::format("there is no column '{}'", name)
                       : fmt::format("there is no column '{}'; did you mean '{}'?", name, nearest),
                   {argument, name});
}

}  // namespace headrace::shape
