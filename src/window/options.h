#pragma once

#include <optional>
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

/// kInvalidArgument, located, for a number of rows below 1.
Status ValidateTail(std::optional<int64_t> tail);

}  // namespace headrace::window
