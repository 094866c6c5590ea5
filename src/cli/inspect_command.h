#pragma once

#include <string>

#include "cli/scan_options.h"
#include "headrace/status.h"

namespace headrace::scan {
struct ParquetInspection;
}

namespace headrace::cli {

/// `headrace inspect`: what goes to stdout.
Result<std::string> RunInspect(const InspectCommandOptions& options);

/// The two forms of what was found.
std::string InspectionText(const std::string& path, const scan::ParquetInspection& inspected);
std::string InspectionJson(const std::string& path, const scan::ParquetInspection& inspected);

}  // namespace headrace::cli
