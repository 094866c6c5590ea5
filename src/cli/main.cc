#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/environment.h"
#include "cli/serve_command.h"
#include "cli/stop_signal.h"
#include "headrace/error_code.h"

namespace headrace::cli {
namespace {

/// Exactly one line, whatever the message holds.
int Fail(const Status& status) {
  std::string line = "headrace: " + status.message();
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::fprintf(stderr, "%s\n", line.c_str());
  return Describe(CodeOf(status)).exit_code;
}

std::string Executable(const char* called_as) {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? called_as : path.string();
}

int Main(int argc, char** argv) {
  StopSignal stop;
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const auto invocation = ReadInvocation(arguments, ProcessEnvironment());
  if (!invocation.ok()) return Fail(invocation.status());
  if (invocation->kind == Invocation::Kind::kPrint) {
    std::fputs(invocation->text.c_str(), stdout);
    return 0;
  }
  const Status status =
      RunServe(invocation->serve, invocation->warnings, Executable(argv[0]), &stop);
  return status.ok() ? 0 : Fail(status);
}

}  // namespace
}  // namespace headrace::cli

int main(int argc, char** argv) { return headrace::cli::Main(argc, argv); }
