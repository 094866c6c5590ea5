#pragma once

#include <string>
#include <vector>

#include "cli/serve_options.h"
#include "headrace/status.h"

namespace headrace::cli {

class StopSignal;

/// Runs the server until `stop`, then drains it. Returns once all is ended; an error if it could
/// not start, in which case nothing has been logged. `executable` is the path of the running
/// program; `warnings` are logged once the server runs.
Status RunServe(const ServeOptions& options, const std::vector<std::string>& warnings,
                const std::string& executable, StopSignal* stop);

}  // namespace headrace::cli
