#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "headrace/status.h"

namespace headrace {

/// Names of buffers, tables and sources: 1-128 characters of letters, digits and `_ . : -`, and not
/// `.` or `..`. Anything else is refused with the rule (ErrorCode::kInvalidArgument). `what` names
/// the thing in the message and in the error's location ("buffer_id").
Status ValidateName(std::string_view name, std::string_view what);

/// The candidate nearest to `wrong` by edit distance, or empty if none is near enough to be a typo.
std::string_view NearestName(std::string_view wrong, const std::vector<std::string>& candidates);

/// What to say behind "there is no column 'wrong'": "; did you mean 'x'?", or what there is, unless
/// that is too much: "; there are a, b, c".
std::string NameHint(std::string_view wrong, const std::vector<std::string>& candidates);

}  // namespace headrace
