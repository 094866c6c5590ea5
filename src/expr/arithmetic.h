#pragma once

#include <string>

#include "expr/input_text.h"
#include "expr/typed.h"
#include "headrace/status.h"

namespace headrace::expr {

/// left `op` right, op one of + - * / %. Integers are added in int64 and an overflow fails the
/// evaluation; decimals exactly, as far as 76 digits go; with a float, and by `/` always, doubles.
/// An integer or a decimal divided by zero is null; floats follow IEEE. kTypeMismatch for anything
/// but numbers.
Result<Typed> Arithmetic(const InputText& input, const std::string& op, Typed left, Typed right,
                         size_t offset);

Result<Typed> Negate(const InputText& input, Typed value, size_t offset);

}  // namespace headrace::expr
