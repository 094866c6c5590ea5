#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "headrace/status.h"
#include "shape/downsample.h"
#include "shape/sample.h"

namespace arrow::compute {
class Expression;
}

namespace headrace::delivery {

/// A sample of the rows, if `rows` or `fraction` is there: see shape::SamplePlan.
struct SampleRequest {
  std::optional<int64_t> rows;
  std::optional<double> fraction;
  std::optional<uint64_t> seed;         ///< none: 0
  std::optional<std::string> stratify;  ///< of each value of this column
};

/// The rows that a chart needs, if `method` is there: see shape::DownsamplePlan.
struct DownsampleRequest {
  std::string method;  ///< minmaxlttb, lttb, minmax or m4
  std::string x;
  std::vector<std::string> y;
  std::optional<int64_t> points;  ///< none: kDefaultPoints
  /// Only rows with from <= x < to. A number as in filters; for dates and times text as in filters,
  /// or an integer in the unit of the column.
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::string> by;
};

constexpr int64_t kDefaultPoints = 2000;

bool IsAsked(const SampleRequest& request);
bool IsAsked(const DownsampleRequest& request);

/// kInvalidArgument for members that go with others which are not there, or contradict them.
Status Validate(const SampleRequest& sample, const DownsampleRequest& downsample);

/// Requires: IsAsked().
shape::SamplePlan PlanOf(const SampleRequest& request);
Result<shape::DownsamplePlan> PlanOf(const DownsampleRequest& request);

/// from <= x < to as a filter that is bound to the schema; null without either. Errors are located
/// as {"from"} or {"to"}: kInvalidArgument, kTypeMismatch; kUnknownName for x.
Result<std::shared_ptr<const arrow::compute::Expression>> RangeOf(const DownsampleRequest& request,
                                                                  const arrow::Schema& schema);

}  // namespace headrace::delivery
