#pragma once

#include <string>

#include "headrace/status.h"

namespace headrace::cli {

/// All of the text to stdout. That the reader of a pipe has left is no failure; needs SIGPIPE to be
/// ignored. kIOError otherwise.
Status WriteToStdout(const std::string& text);

}  // namespace headrace::cli
