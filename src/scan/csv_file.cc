#include "scan/csv_file.h"

#include <algorithm>
#include <string>

#include <arrow/buffer.h>
#include <arrow/csv/chunker.h>
#include <arrow/csv/options.h>
#include <arrow/csv/reader.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/delimiting.h>

#include "scan/text_file.h"

namespace headrace::scan {
namespace {

arrow::csv::ParseOptions Parsing() {
  auto options = arrow::csv::ParseOptions::Defaults();
  options.newlines_in_values = true;
  return options;
}

arrow::csv::ConvertOptions Converting() {
  auto options = arrow::csv::ConvertOptions::Defaults();
  // As the CSV that is written here: Arrow's own list would take "nan" and "N/A" as well.
  options.null_values = {""};
  options.strings_can_be_null = true;
  options.quoted_strings_can_be_null = false;
  return options;
}

Result<std::shared_ptr<arrow::Table>> ParseText(const TextBlock& block,
                                                arrow::csv::ReadOptions read,
                                                const arrow::csv::ConvertOptions& convert,
                                                arrow::MemoryPool* pool) {
  read.use_threads = false;
  read.block_size = static_cast<int32_t>(block.text->size()) + 1;
  ARROW_ASSIGN_OR_RAISE(
      const auto reader,
      arrow::csv::TableReader::Make(arrow::io::IOContext(pool),
                                    std::make_shared<arrow::io::BufferReader>(block.text), read,
                                    Parsing(), convert));
  return reader->Read();
}

Result<std::shared_ptr<arrow::Table>> ParseSample(const TextBlock& block, arrow::MemoryPool* pool) {
  return ParseText(block, arrow::csv::ReadOptions::Defaults(), Converting(), pool);
}

Result<std::shared_ptr<arrow::Table>> ParseBlock(const TextBlock& block,
                                                 const arrow::Schema& schema,
                                                 const std::vector<int>& columns,
                                                 arrow::MemoryPool* pool) {
  auto read = arrow::csv::ReadOptions::Defaults();
  // The first block begins with the names.
  if (!block.is_first) read.column_names = schema.field_names();
  auto convert = Converting();
  for (const int column : columns) {
    const auto& field = schema.field(column);
    convert.include_columns.push_back(field->name());
    convert.column_types[field->name()] = field->type();
  }
  return ParseText(block, std::move(read), convert, pool);
}

bool IsMisfit(const Status& failure) {
  const std::string text = failure.message();
  return failure.IsInvalid() && text.find("conversion error") != std::string::npos &&
         text.find("UTF8") == std::string::npos;
}

constexpr TextFormat kCsv = {
    .make_chunker = [](arrow::MemoryPool*) { return arrow::csv::MakeChunker(Parsing()); },
    .parse_sample = ParseSample,
    .parse = ParseBlock,
    .is_misfit = IsMisfit};

}  // namespace

Result<std::shared_ptr<const BatchFile>> OpenCsvFile(const DataFile& file, MemoryBudget* pool) {
  return OpenTextFile(kCsv, file, pool);
}

}  // namespace headrace::scan
