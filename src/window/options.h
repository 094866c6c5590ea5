#pragma once

#include <vector>

#include "headrace/live_window.h"
#include "headrace/status.h"
#include "window/append_plan.h"

namespace headrace::window {

/// ErrorCode::kInvalidArgument with the option located, if a number or the name breaks its rule.
Status ValidateOptions(const LiveWindowOptions& options);

/// The columns that a schema fixes from the start; none without a schema.
/// ErrorCode::kInvalidArgument for a type that a live window does not hold, or a name that occurs
/// twice.
Result<std::vector<PlannedColumn>> PlanSchema(const LiveWindowOptions& options);

}  // namespace headrace::window
