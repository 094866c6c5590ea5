#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/status.h"

namespace arrow {
class Schema;
}

namespace headrace::expr {

enum class AggregateKind : uint8_t {
  kCount,          ///< values that are not null; without a column, rows
  kCountDistinct,  ///< different values that are not null
  kSum,
  kMean,  ///< also `avg`
  kVar,   ///< of a sample: divided by n - 1; also `variance`
  kStd,   ///< its root; also `stddev`
  kMin,
  kMax,
  kMedian,
  kQuantile,  ///< linear interpolation at (n - 1) * parameter
  kFirst,     ///< of the rows in order, null or not
  kLast,
};

struct Aggregate {
  AggregateKind kind = AggregateKind::kCount;
  std::string column;    ///< empty for count(*)
  std::string name;      ///< after `as`, else the canonical call: `quantile(x, 0.9)`
  double parameter = 0;  ///< of kQuantile, in [0, 1]
  bool operator==(const Aggregate&) const = default;
};

constexpr int64_t kMaxAggregates = 1024;

/// "mean(v), sum(value) as total, count(*), quantile(x, 0.9)": at least one, their names all
/// different. Columns as in filters, top-level ones only. Errors as those of ParseFilter(), located
/// as {"agg", byte offset}: kUnknownName also for functions; kTypeMismatch for a sum of strings.
Result<std::vector<Aggregate>> ParseAggregates(std::string_view text, const arrow::Schema& schema);

}  // namespace headrace::expr
