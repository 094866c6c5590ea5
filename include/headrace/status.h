#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

namespace headrace {

/// The library's one error regime. Nothing in Headrace throws, prints or aborts.
/// Errors made by Headrace carry an ErrorCode (see error_code.h); those of Arrow are mapped to one.
using Status = arrow::Status;

template <typename T>
using Result = arrow::Result<T>;

}  // namespace headrace
