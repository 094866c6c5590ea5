#pragma once

#include "cli/scan_options.h"
#include "cli/stop_signal.h"
#include "headrace/status.h"

namespace headrace::cli {

/// `headrace scan`: reads, and writes a table, a format or a file. kCancelled if a signal stopped
/// it; a reader of stdout that leaves is no failure.
Status RunScan(const ScanCommandOptions& options, StopSignal* stop);

}  // namespace headrace::cli
