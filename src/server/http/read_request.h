#pragma once

#include "delivery/requests.h"
#include "headrace/status.h"
#include "server/http/json_body.h"
#include "server/http/request.h"

namespace headrace::server {

/// The typed requests that a call's body or query stands for. kInvalidArgument, located, for what
/// breaks a rule. What they borrow lives as long as `body` or `request`.

/// buffer_id, window_size, history_rows, schema.
Result<delivery::CreateBuffer> ReadCreateBuffer(const Request& request, JsonBody* body);

/// buffer_id, rolling_windows, include_rolling_stats, include_lags, lag_periods, tail, min_samples,
/// ddof, fill, columns.
Result<delivery::ReadRows> ReadFeaturesRequest(const Request& request, JsonBody* body);

/// rolling_windows, include_rolling_stats, include_lags, lag_periods, min_samples, ddof, fill,
/// columns: the plan that they stand for. Requires: the body was parsed.
Result<FeaturePlan> ReadFeaturePlan(const JsonBody& body);

/// The path's buffer, with tail and with_features of the query.
Result<delivery::ReadRows> ReadDataRequest(const Request& request);

/// kUnsupportedMediaType unless the body may be taken for JSON: none given, JSON, or what curl says
/// of its -d.
Status CheckJsonContent(const Request& request);
bool IsJsonContent(std::string_view media_type) noexcept;

}  // namespace headrace::server
