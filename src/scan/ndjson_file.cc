#include "scan/ndjson_file.h"

#include <string>

#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/io/memory.h>
#include <arrow/json/chunker.h>
#include <arrow/json/options.h>
#include <arrow/json/reader.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/delimiting.h>
#include <arrow/util/utf8.h>

#include "scan/text_file.h"

namespace headrace::scan {
namespace {

Result<std::shared_ptr<arrow::Table>> ParseText(const TextBlock& block,
                                                const arrow::json::ParseOptions& parse,
                                                arrow::MemoryPool* pool) {
  // Arrow's parser takes any bytes for text.
  arrow::util::InitializeUTF8();
  if (!arrow::util::ValidateUTF8(block.text->data(), block.text->size())) {
    return Status::Invalid("the text is not UTF-8");
  }
  arrow::json::ReadOptions read;
  read.use_threads = false;
  read.block_size = static_cast<int32_t>(block.text->size()) + 1;
  ARROW_ASSIGN_OR_RAISE(
      const auto reader,
      arrow::json::TableReader::Make(pool, std::make_shared<arrow::io::BufferReader>(block.text),
                                     read, parse));
  return reader->Read();
}

// Arrow takes whole seconds without a zone for times; these are the others.
Result<std::shared_ptr<arrow::ChunkedArray>> AsTimes(const arrow::ChunkedArray& texts,
                                                     arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  if (texts.null_count() == texts.length()) return nullptr;
  for (const char* zone : {"", "UTC"}) {
    auto times =
        arrow::compute::Cast(arrow::Datum(texts), arrow::timestamp(arrow::TimeUnit::NANO, zone),
                             arrow::compute::CastOptions::Safe(), &context);
    if (times.ok()) return times->chunked_array();
    if (times.status().IsOutOfMemory()) return times.status();
  }
  return nullptr;
}

Result<std::shared_ptr<arrow::Table>> ParseSample(const TextBlock& block, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto table, ParseText(block, arrow::json::ParseOptions::Defaults(), pool));
  for (int i = 0; i < table->num_columns(); ++i) {
    if (table->field(i)->type()->id() != arrow::Type::STRING) continue;
    ARROW_ASSIGN_OR_RAISE(auto times, AsTimes(*table->column(i), pool));
    if (times == nullptr) continue;
    const auto field = table->field(i)->WithType(times->type());
    ARROW_ASSIGN_OR_RAISE(table, table->SetColumn(i, field, std::move(times)));
  }
  return table;
}

Result<std::shared_ptr<arrow::Table>> ParseBlock(const TextBlock& block,
                                                 const arrow::Schema& schema,
                                                 const std::vector<int>& columns,
                                                 arrow::MemoryPool* pool) {
  auto parse = arrow::json::ParseOptions::Defaults();
  arrow::FieldVector fields;
  for (const int column : columns) fields.push_back(schema.field(column));
  parse.explicit_schema = arrow::schema(std::move(fields));
  parse.unexpected_field_behavior = arrow::json::UnexpectedFieldBehavior::Ignore;
  return ParseText(block, parse, pool);
}

bool IsMisfit(const Status& failure) {
  const std::string text = failure.message();
  // A line that is no object is a change of the column without a name.
  const bool changed = text.find(" changed from ") != std::string::npos &&
                       text.find("Column() ") == std::string::npos;
  return changed || text.find("Failed to convert JSON") != std::string::npos;
}

constexpr TextFormat kNdjson = {.make_chunker =
                                    [](arrow::MemoryPool* pool) {
                                      return arrow::json::MakeChunker(
                                          arrow::json::ParseOptions::Defaults(), pool);
                                    },
                                .parse_sample = ParseSample,
                                .parse = ParseBlock,
                                .is_misfit = IsMisfit};

}  // namespace

Result<std::shared_ptr<const BatchFile>> OpenNdjsonFile(const DataFile& file, MemoryBudget* pool) {
  return OpenTextFile(kNdjson, file, pool);
}

}  // namespace headrace::scan
