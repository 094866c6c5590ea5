#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "headrace/status.h"

namespace headrace::server {

/// What a request gets for a field or parameter that the call does not have: kInvalidArgument that
/// names it and the nearest one there is. `where` is "body" or "query".
Status UnknownField(std::string_view where, std::string_view name,
                    std::span<const std::string_view> known);
inline Status UnknownField(std::string_view where, std::string_view name,
                           std::initializer_list<std::string_view> known) {
  return UnknownField(where, name, std::span(known.begin(), known.size()));
}

}  // namespace headrace::server
