#pragma once

#include <span>
#include <string_view>

#include "codec/format.h"
#include "headrace/status.h"
#include "server/http/request.h"

namespace headrace::server {

/// Media types in which a body may bring rows. Static lifetime.
std::span<const std::string_view> RowBodyTypes();

/// The format of the body's rows. kUnsupportedMediaType, with the list.
Result<codec::Format> FormatOfRowBody(const Request& request);

}  // namespace headrace::server
