#pragma once

#include <memory>

#include "headrace/status.h"

namespace headrace {
class MemoryBudget;
class Source;
}  // namespace headrace

namespace headrace::server {

/// What the calls under /data give where no table is named. `budget` outlives the source.

/// {"col1": [1, 2, 3], "col2": ["A", "B", "C"]}
Result<std::shared_ptr<Source>> MakeSmallTable(MemoryBudget* budget);

/// A million rows: "category", 500,000 times A, 300,000 times B and 200,000 times C, and "value",
/// which counts them from 0.
Result<std::shared_ptr<Source>> MakeCategoryTable(MemoryBudget* budget);

}  // namespace headrace::server
