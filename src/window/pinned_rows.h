#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "window/window_store.h"

namespace headrace::window {

/// Rows [begin, end) of what a pin holds, as one batch whose buffers share the pin; with the
/// columns of its table, if it has one. Bitmaps are copied into `pool`.
Result<std::shared_ptr<arrow::RecordBatch>> MakeBatch(const std::shared_ptr<StorePin>& pin,
                                                      int64_t begin, int64_t end,
                                                      arrow::MemoryPool* pool);

/// The same of the last `tail` rows that are shown; none: of all of them.
Result<std::shared_ptr<arrow::RecordBatch>> MakeBatch(const std::shared_ptr<StorePin>& pin,
                                                      std::optional<int64_t> tail,
                                                      arrow::MemoryPool* pool);

/// The columns of these names, in this order. kUnknownName, located, for one that is not there.
Result<std::shared_ptr<arrow::RecordBatch>> SelectNamed(const arrow::RecordBatch& batch,
                                                        const std::vector<std::string>& columns);

}  // namespace headrace::window
