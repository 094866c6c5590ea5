#pragma once

#include <memory>
#include <string>
#include <vector>

#include "expr/input_text.h"
#include "expr/typed.h"
#include "headrace/status.h"

namespace headrace::expr {

/// A reference to the column or nested field at `path`. `dotted`: path is one word with dots in it,
/// and a column of that very name goes first. kUnknownName, with the name that was probably meant;
/// kInvalidArgument if two columns are called so.
Result<Typed> ResolveColumn(const InputText& input, const arrow::Schema& schema,
                            const std::vector<std::string>& path, bool dotted, size_t offset);

/// The names on the way to a field, whichever way the reference says it; empty if the schema does
/// not have it.
std::vector<std::string> PathOf(const arrow::FieldRef& ref, const arrow::Schema& schema);

/// The names of a reference that ResolveColumn() made.
std::vector<std::string> PathOf(const arrow::FieldRef& ref);

}  // namespace headrace::expr
