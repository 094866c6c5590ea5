#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/scan_options.h"
#include "cli/serve_options.h"
#include "headrace/status.h"

namespace headrace::cli {

/// What a call of the command asks for.
struct Invocation {
  enum class Kind { kPrint, kServe, kScan, kSql, kBars, kInspect };
  Kind kind = Kind::kPrint;
  std::string text;                   ///< of kPrint: what goes to stdout
  ServeOptions serve;                 ///< of kServe
  ScanCommandOptions scan;            ///< of kScan
  SqlCommandOptions sql;              ///< of kSql
  BarsCommandOptions bars;            ///< of kBars
  InspectCommandOptions inspect;      ///< of kInspect
  std::vector<std::string> warnings;  ///< of kServe: to be logged once the server runs
};

/// Reads arguments (without the program's name), environment ("NAME=value") and the configuration
/// file that they name; a flag counts before a variable, a variable before the file, the file
/// before the default. ErrorCode::kBadConfig, in one line, for anything that is wrong.
Result<Invocation> ReadInvocation(const std::vector<std::string>& arguments,
                                  const std::vector<std::string_view>& environment);

}  // namespace headrace::cli
