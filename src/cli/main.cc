#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/bars_command.h"
#include "cli/command_line.h"
#include "cli/environment.h"
#include "cli/inspect_command.h"
#include "cli/scan_command.h"
#include "cli/serve_command.h"
#include "cli/sql_command.h"
#include "cli/standard_output.h"
#include "cli/stop_signal.h"
#include "cli/terminal_text.h"
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

/// The same with the lines that the message has: those of a filter show where its fault is.
int FailInLines(const Status& status) {
  const ErrorCode code = CodeOf(status);
  // Who stopped it knows.
  if (code != ErrorCode::kCancelled) {
    std::string text = "headrace: ";
    for (size_t at = 0; at <= status.message().size();) {
      const size_t end = std::min(status.message().find('\n', at), status.message().size());
      text += TerminalText(std::string_view(status.message()).substr(at, end - at)) + "\n";
      at = end + 1;
    }
    std::fputs(text.c_str(), stderr);
  }
  return Describe(code).exit_code;
}

int Inspect(const InspectCommandOptions& options) {
  const auto text = RunInspect(options);
  if (!text.ok()) return FailInLines(text.status());
  std::signal(SIGPIPE, SIG_IGN);
  const Status status = WriteToStdout(*text);
  return status.ok() ? 0 : FailInLines(status);
}

std::string Executable(const char* called_as) {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? called_as : path.string();
}

/// Nothing that `inspect` does needs to be undone: signals may end it as they do by themselves.
int Run(const Invocation& invocation, const char* called_as) {
  if (invocation.kind == Invocation::Kind::kInspect) return Inspect(invocation.inspect);
  StopSignal stop;
  if (invocation.kind == Invocation::Kind::kScan) {
    const Status status = RunScan(invocation.scan, &stop);
    return status.ok() ? 0 : FailInLines(status);
  }
  if (invocation.kind == Invocation::Kind::kBars) {
    const Status status = RunBars(invocation.bars, &stop);
    return status.ok() ? 0 : FailInLines(status);
  }
  if (invocation.kind == Invocation::Kind::kSql) {
    std::signal(SIGPIPE, SIG_IGN);
    const Status status = RunSql(invocation.sql, &stop);
    return status.ok() ? 0 : FailInLines(status);
  }
  const Status status =
      RunServe(invocation.serve, invocation.warnings, Executable(called_as), &stop);
  return status.ok() ? 0 : Fail(status);
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const auto invocation = ReadInvocation(arguments, ProcessEnvironment());
  if (!invocation.ok()) return Fail(invocation.status());
  if (invocation->kind == Invocation::Kind::kPrint) {
    std::fputs(invocation->text.c_str(), stdout);
    return 0;
  }
  return Run(*invocation, argv[0]);
}

}  // namespace
}  // namespace headrace::cli

int main(int argc, char** argv) { return headrace::cli::Main(argc, argv); }
