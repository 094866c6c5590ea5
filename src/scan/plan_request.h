#pragma once

#include <memory>

#include "headrace/source.h"
#include "headrace/status.h"
#include "scan/read_plan.h"

namespace headrace::scan {

/// What has to be read for a request on a table of `schema`. kUnknownName, with similar names, for
/// a column that there is not; kInvalidArgument if one is named twice.
Result<std::shared_ptr<const ReadPlan>> PlanRequest(const ReadRequest& request,
                                                    const arrow::Schema& schema);

}  // namespace headrace::scan
