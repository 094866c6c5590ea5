#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "codec/format.h"
#include "headrace/feature_plan.h"

namespace arrow {
class Schema;
}

namespace headrace::delivery {

// What can be asked for, whatever the transport. Strings that are borrowed live as long as the
// call.

struct CreateBuffer {
  std::string buffer_id;
  int64_t window_size = 1000;
  std::optional<int64_t> history_rows;    ///< none: the window's default
  std::shared_ptr<arrow::Schema> schema;  ///< none: columns appear as rows bring them
};

struct ReadRows {
  std::string_view buffer_id;
  std::optional<FeaturePlan> features;  ///< none: the rows as they are
  std::optional<int64_t> tail;          ///< the last so many rows, at least 1; none: all
};

}  // namespace headrace::delivery
