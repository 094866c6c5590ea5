#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/compute/expression.h>
#include <arrow/memory_pool.h>

#include "headrace/status.h"

namespace headrace::expr {

/// The filter language (docs/filters.md): which rows are wanted. Filters are immutable once bound;
/// all functions here may be called from any thread.

/// A boolean expression, bound to the schema, its columns named and its casts explicit.
///
/// Errors say the text with a caret below the fault, and are located as {"filter", byte offset}:
/// kInvalidArgument for syntax, kUnknownName for a column, kTypeMismatch for types, kTooLarge
/// beyond 64 KiB, 200 levels of nesting or 100,000 items of a list. Linear in the text.
Result<arrow::compute::Expression> ParseFilter(std::string_view text, const arrow::Schema& schema);

/// The same for an expression that was built elsewhere, bound or not: comparisons, `is_in`, `like`
/// patterns and and/or/not get the types and the meaning that they have in the language; functions
/// that it does not have stay as they are. References may be names, paths or numbers. An expression
/// that ParseFilter() made binds to itself.
Result<arrow::compute::Expression> BindFilter(const arrow::compute::Expression& filter,
                                              const arrow::Schema& schema);

/// The top-level columns that a bound expression reads, in the order of its schema.
std::vector<std::string> ColumnsOf(const arrow::compute::Expression& filter);

/// What must be true together: the filter's terms, if it is an `and` of some; else itself.
std::vector<arrow::compute::Expression> SplitConjuncts(const arrow::compute::Expression& filter);

/// The filter's value for each row; null where it is unknown (and the row not wanted). `filter` is
/// bound by the functions above. The batch has the columns of ColumnsOf() by name and type, in any
/// order, and perhaps others. Memory is drawn from `pool`. kUnknownName or kTypeMismatch if the
/// batch does not fit; kInvalidArgument if a row cannot be computed (an integer overflows).
Result<std::shared_ptr<arrow::BooleanArray>> FilterMask(const arrow::compute::Expression& filter,
                                                        const arrow::RecordBatch& batch,
                                                        arrow::MemoryPool* pool);

/// Canonical text of a bound filter: it parses back to an equal expression, so that equal texts
/// mean equal filters (over the same types). kNotImplemented if the language cannot say it, which
/// happens only to expressions that were built elsewhere.
Result<std::string> ToText(const arrow::compute::Expression& filter);

}  // namespace headrace::expr
