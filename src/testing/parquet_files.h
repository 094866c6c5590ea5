#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

namespace headrace::testing {

/// A table as the bytes of a Parquet file.
inline std::shared_ptr<arrow::Buffer> WriteParquet(
    const arrow::Table& table, int64_t row_group_rows,
    const std::shared_ptr<parquet::WriterProperties>& properties =
        parquet::default_writer_properties()) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  parquet::ArrowWriterProperties::Builder arrow_properties;
  arrow_properties.store_schema();
  const auto status =
      parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink, row_group_rows,
                                 properties, arrow_properties.build());
  if (!status.ok()) status.Abort();
  return sink->Finish().ValueOrDie();
}

}  // namespace headrace::testing
