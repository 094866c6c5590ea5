#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "headrace/status.h"

namespace arrow {
class Schema;
}

namespace headrace::expr {

/// One column that rows are ordered by.
struct OrderKey {
  std::string column;
  bool descending = false;
  bool operator==(const OrderKey&) const = default;
};

/// "-fare, ts", or "fare desc, ts asc": at least one column, each once; names as in filters,
/// top-level ones only. Errors as those of ParseFilter(), located as {"order_by", byte offset}.
Result<std::vector<OrderKey>> ParseOrder(std::string_view text, const arrow::Schema& schema);

}  // namespace headrace::expr
