#include "scan/window_column.h"

#include <utility>

#include <parquet/metadata.h>
#include <parquet/schema.h>

#include "scan/binary_column.h"
#include "scan/fixed_column.h"
#include "scan/nested_column.h"
#include "scan/parquet_file.h"

namespace headrace::scan {

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
  return MakeFixedColumn(physical, std::move(place), options, pool);
}

}  // namespace headrace::scan
