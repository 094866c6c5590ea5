#include "server/http/seed_tables.h"

#include <utility>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "catalog/memory_table.h"
#include "headrace/memory_budget.h"

namespace headrace::server {
namespace {

struct Run {
  const char* text;
  int64_t rows;
};

/// Text by runs beside numbers that count the rows from `first` on.
Result<std::shared_ptr<Source>> MakeTable(const arrow::Schema& schema, bool number_first,
                                          int64_t first, std::initializer_list<Run> runs,
                                          MemoryBudget* budget) {
  arrow::StringBuilder texts(budget);
  arrow::Int64Builder numbers(budget);
  for (const Run& run : runs) {
    for (int64_t row = 0; row < run.rows; ++row) {
      ARROW_RETURN_NOT_OK(texts.Append(run.text));
      ARROW_RETURN_NOT_OK(numbers.Append(first++));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto text, texts.Finish());
  ARROW_ASSIGN_OR_RAISE(auto number, numbers.Finish());
  const int64_t rows = text->length();
  arrow::ArrayVector columns = {std::move(text), std::move(number)};
  if (number_first) std::swap(columns[0], columns[1]);
  const auto named = arrow::schema(schema.fields());
  auto batch = arrow::RecordBatch::Make(named, rows, std::move(columns));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::RecordBatchReader::Make({batch}, named));
  ARROW_ASSIGN_OR_RAISE(auto table, catalog::MemoryTable::Make(*reader, budget));
  return std::shared_ptr<Source>(std::move(table));
}

}  // namespace

Result<std::shared_ptr<Source>> MakeSmallTable(MemoryBudget* budget) {
  const arrow::Schema schema(
      {arrow::field("col1", arrow::int64()), arrow::field("col2", arrow::utf8())});
  return MakeTable(schema, true, 1, {{"A", 1}, {"B", 1}, {"C", 1}}, budget);
}

Result<std::shared_ptr<Source>> MakeCategoryTable(MemoryBudget* budget) {
  const arrow::Schema schema(
      {arrow::field("category", arrow::utf8()), arrow::field("value", arrow::int64())});
  return MakeTable(schema, false, 0, {{"A", 500'000}, {"B", 300'000}, {"C", 200'000}}, budget);
}

}  // namespace headrace::server
