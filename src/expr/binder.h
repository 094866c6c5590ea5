#pragma once

#include "expr/input_text.h"
#include "expr/node.h"
#include "expr/typed.h"
#include "headrace/status.h"

namespace headrace::expr {

/// The filter as an expression of type bool, its columns and types resolved, bound to the schema.
Result<arrow::compute::Expression> BindNodes(const InputText& input, const Node& filter,
                                             const arrow::Schema& schema);

}  // namespace headrace::expr
