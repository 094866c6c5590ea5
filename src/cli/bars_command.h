#pragma once

#include "cli/scan_options.h"
#include "headrace/status.h"

namespace headrace::cli {

class StopSignal;

/// `headrace bars`. Says on stderr how many ticks are in no bar, and why.
Status RunBars(const BarsCommandOptions& command, StopSignal* stop);

}  // namespace headrace::cli
