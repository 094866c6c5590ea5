#pragma once

#include <string>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::shape {

/// The place of the top-level column of this name. kUnknownName, with the name that was probably
/// meant; kInvalidArgument if two columns are called so. Errors are located as {argument, name}.
Result<int> ColumnIndex(const arrow::Schema& schema, const std::string& name, const char* argument);

}  // namespace headrace::shape
