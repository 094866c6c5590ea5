#pragma once

#include <vector>

#include "expr/input_text.h"
#include "expr/node.h"
#include "expr/token.h"
#include "headrace/status.h"

namespace headrace::expr {

/// The grammar of docs/filters.md; knows neither columns nor types. kInvalidArgument for what does
/// not read, kTooLarge beyond `max_depth`.
Result<NodePtr> ParseNodes(const InputText& input, int max_depth);

}  // namespace headrace::expr
