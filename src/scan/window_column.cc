#include "scan/window_column.h"

#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include "scan/binary_column.h"
#include "scan/bool_column.h"
#include "scan/fixed_column.h"
#include "scan/nested_column.h"
#include "scan/parquet_file.h"

namespace headrace::scan {

Result<std::shared_ptr<arrow::Array>> WindowColumn::TakeSelected(
    const std::shared_ptr<arrow::BooleanArray>& mask, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const auto all, Take(mask->length()));
  arrow::compute::ExecContext context(pool);
  ARROW_ASSIGN_OR_RAISE(
      const auto some,
      arrow::compute::Filter(all, mask, arrow::compute::FilterOptions::Defaults(), &context));
  return some.make_array();
}

Result<std::unique_ptr<WindowColumn>> OpenColumn(std::shared_ptr<const ParquetFile> file,
                                                 int row_group, int column,
                                                 const ColumnOptions& options,
                                                 arrow::MemoryPool* pool) {
  const ParquetColumn& described = file->columns()[static_cast<size_t>(column)];
  ColumnPlace place{.file = file,
                    .row_group = row_group,
                    .column = column,
                    .leaf = described.leaves.empty() ? 0 : described.leaves.front()};
  if (!described.flat) return MakeNestedColumn(std::move(place), options, pool);
  const auto physical = file->metadata().schema()->Column(place.leaf)->physical_type();
  if (physical == parquet::Type::BYTE_ARRAY) {
    return MakeBinaryColumn(std::move(place), options, pool);
  }
  if (physical == parquet::Type::BOOLEAN) return MakeBoolColumn(std::move(place), options, pool);
  return MakeFixedColumn(physical, std::move(place), options, pool);
}

}  // namespace headrace::scan
