#pragma once

#include <string_view>

#include "server/http/request.h"
#include "server/http/response.h"

namespace headrace::server {

/// Lets a page of any origin read the answer: there are no cookies or credentials to protect.
void AllowOrigin(const Request& request, Response* response);

/// Answers OPTIONS at a path where `allowed` ("GET, HEAD, OPTIONS") can be done, a browser's
/// preflight included.
void AnswerOptions(const Request& request, std::string_view allowed, Response* response);

}  // namespace headrace::server
