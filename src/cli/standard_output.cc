#include "cli/standard_output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "headrace/error_code.h"

namespace headrace::cli {

Status WriteToStdout(const std::string& text) {
  const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  if (written || errno == EPIPE) return Status::OK();
  return MakeError(ErrorCode::kIOError,
                   std::string("cannot write to stdout: ") + std::strerror(errno));
}

}  // namespace headrace::cli
