#pragma once

#include "cli/scan_options.h"
#include "cli/stop_signal.h"
#include "headrace/status.h"

namespace headrace::cli {

/// `headrace sql`: runs statements in this process and writes the rows of the last one as `scan`
/// does.
Status RunSql(const SqlCommandOptions& options, StopSignal* stop);

}  // namespace headrace::cli
