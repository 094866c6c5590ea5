#include <algorithm>
#include <memory>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/csv/options.h>
#include <arrow/csv/reader.h>
#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "codec/arrow_rows.h"
#include "codec/validated_reader.h"

namespace headrace::codec {
namespace {

constexpr int64_t kLeastBlockBytes = 1 << 20;
constexpr int64_t kMostBlockBytes = 1 << 30;

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenCsvBody(std::shared_ptr<arrow::Buffer> body,
                                                              arrow::MemoryPool* pool) {
  auto read = arrow::csv::ReadOptions::Defaults();
  read.use_threads = false;
  read.block_size = static_cast<int32_t>(
      std::clamp<int64_t>(body->size() + 1, kLeastBlockBytes, kMostBlockBytes));
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.newlines_in_values = true;
  auto convert = arrow::csv::ConvertOptions::Defaults();
  // Only what CsvEncoder writes for null: Arrow's own list would take "nan" and "N/A" as well.
  convert.null_values = {""};
  convert.strings_can_be_null = true;
  convert.quoted_strings_can_be_null = false;
  // The table's reader, not the streaming one: threads of Arrow's own hold what that one read ahead
  // after it is gone, and the pool may be gone by then. The body is here as a whole in any case.
  ARROW_ASSIGN_OR_RAISE(
      const auto reader,
      arrow::csv::TableReader::Make(
          arrow::io::IOContext(pool != nullptr ? pool : arrow::default_memory_pool()),
          std::make_shared<arrow::io::BufferReader>(std::move(body)), read, parse, convert));
  auto table = reader->Read();
  if (!table.ok()) return BodyError(table.status());
  return ValidateBatches(std::make_shared<arrow::TableBatchReader>(*std::move(table)));
}

}  // namespace headrace::codec
