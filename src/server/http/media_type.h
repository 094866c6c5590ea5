#pragma once

#include <string>
#include <string_view>

namespace headrace::server {

/// "application/json" of "Application/JSON; charset=utf-8".
std::string MediaType(std::string_view content_type);

}  // namespace headrace::server
