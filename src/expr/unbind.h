#pragma once

#include "expr/input_text.h"
#include "expr/node.h"
#include "headrace/status.h"

namespace headrace::expr {

/// The way back from an expression to nodes, for expressions that were built elsewhere and for
/// text.
struct UnbindOptions {
  /// Of the schema that it will be bound to: gives names to references by number. May be null.
  const arrow::Schema* schema = nullptr;
  /// Leaves out the casts and the guards against zero that the binder puts in.
  bool drop_implied = false;
};

/// kTooLarge beyond kMaxDepth or kMaxListItems, kInvalidArgument for an array as a literal.
Result<NodePtr> Unbind(const InputText& input, const arrow::compute::Expression& expression,
                       const UnbindOptions& options);

}  // namespace headrace::expr
