#pragma once

#include <string_view>

#include "headrace/status.h"
#include "server/http/response.h"

namespace headrace::server {

/// The one body that every refusal has:
///
///   {"error": {"code": "invalid_argument", "message": "…", "location": ["body", "window_size"]},
///    "detail": …}
///
/// `detail` is what clients of FastAPI services look for: the message, or for 422 a list with one
/// {"type", "loc", "msg"}, in which positions are numbers.
void WriteErrorBody(const Status& status, std::string* out);

/// Makes `response` the answer to a request that failed with `status`.
void Refuse(const Status& status, Response* response);

/// `status` with its location led by `where` ("body", "query", "path"), unless it is so already.
Status LocatedIn(std::string_view where, const Status& status);

}  // namespace headrace::server
