#include "window/pinned_rows.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "window/feature_table.h"

namespace headrace::window {

Result<std::shared_ptr<arrow::RecordBatch>> MakeBatch(const std::shared_ptr<StorePin>& pin,
                                                      int64_t begin, int64_t end,
                                                      arrow::MemoryPool* pool) {
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  for (const auto& column : pin->store->columns()) {
    ARROW_ASSIGN_OR_RAISE(auto data, column.column->Slice(begin, end, pin, pool));
    columns.push_back(std::move(data));
  }
  auto schema = pin->store->schema();
  if (pin->table != nullptr) {
    for (const auto& column : pin->table->derived()) {
      ARROW_ASSIGN_OR_RAISE(auto data, column->Slice(begin, end, pin, pool));
      columns.push_back(std::move(data));
    }
    schema = pin->table->schema();
  }
  return arrow::RecordBatch::Make(std::move(schema), end - begin, std::move(columns));
}

Result<std::shared_ptr<arrow::RecordBatch>> MakeBatch(const std::shared_ptr<StorePin>& pin,
                                                      std::optional<int64_t> tail,
                                                      arrow::MemoryPool* pool) {
  const int64_t rows = pin->end - pin->shown_begin;
  return MakeBatch(pin, pin->end - std::min(rows, tail.value_or(rows)), pin->end, pool);
}

Result<std::shared_ptr<arrow::RecordBatch>> SelectNamed(const arrow::RecordBatch& batch,
                                                        const std::vector<std::string>& columns) {
  std::vector<int> places;
  for (const std::string& name : columns) {
    const int place = batch.schema()->GetFieldIndex(name);
    if (place < 0) {
      return MakeError(ErrorCode::kUnknownName, fmt::format("there is no column '{}'", name),
                       {"columns", name});
    }
    places.push_back(place);
  }
  return batch.SelectColumns(places);
}

}  // namespace headrace::window
