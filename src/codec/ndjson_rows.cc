#include <algorithm>
#include <memory>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/json/options.h>
#include <arrow/json/reader.h>
#include <arrow/memory_pool.h>
#include <arrow/table.h>
#include <arrow/util/utf8.h>

#include "codec/arrow_rows.h"
#include "codec/validated_reader.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

constexpr int64_t kMostBlockBytes = 1 << 30;

Result<std::shared_ptr<arrow::Table>> Parse(std::shared_ptr<arrow::Buffer> body,
                                            arrow::MemoryPool* pool) {
  auto read = arrow::json::ReadOptions::Defaults();
  read.use_threads = false;
  read.block_size = static_cast<int32_t>(std::min(body->size() + 1, kMostBlockBytes));
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        arrow::json::TableReader::Make(
                            pool, std::make_shared<arrow::io::BufferReader>(std::move(body)), read,
                            arrow::json::ParseOptions::Defaults()));
  return reader->Read();
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenNdjsonBody(
    std::shared_ptr<arrow::Buffer> body, arrow::MemoryPool* pool) {
  // Arrow's parser takes any bytes for text.
  arrow::util::InitializeUTF8();
  if (!arrow::util::ValidateUTF8(body->data(), body->size())) {
    return MakeError(ErrorCode::kMalformedBody, "the body is not UTF-8");
  }
  auto table = Parse(std::move(body), pool != nullptr ? pool : arrow::default_memory_pool());
  if (!table.ok()) return BodyError(table.status());
  return ValidateBatches(std::make_shared<arrow::TableBatchReader>(*std::move(table)));
}

}  // namespace headrace::codec
