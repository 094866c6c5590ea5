#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/error_code.h"
#include "headrace/status.h"

namespace arrow {
class Schema;
}

namespace headrace::expr {

constexpr size_t kNoOffset = static_cast<size_t>(-1);

/// What is being read, for errors: "filter" and its text, or no text for an expression that was
/// built elsewhere. Borrowed.
struct InputText {
  std::string_view what;
  std::string_view text = {};
};

/// An error whose message shows the text with a caret under byte `offset`, and whose location is
/// {what, offset}. Without a text or with kNoOffset: the message alone, and {what}.
Status ErrorAt(const InputText& input, ErrorCode code, size_t offset, std::string message);

/// kTooLarge beyond `max_bytes`; kInvalidArgument at the first byte that is no UTF-8.
Status CheckText(const InputText& input, size_t max_bytes);

/// kUnknownName for a column that the schema does not have, with the name that was probably meant.
Status UnknownColumn(const InputText& input, size_t offset, std::string_view name,
                     const std::vector<std::string>& candidates);

}  // namespace headrace::expr
