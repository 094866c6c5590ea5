#include "scan/text_file.h"

#include <algorithm>
#include <utility>

#include <arrow/chunked_array.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/delimiting.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "scan/input_file.h"
#include "scan/parquet_border.h"

namespace headrace::scan {
namespace {

Status Placed(const TextFormat& format, const std::string& path, const TextBlock& block,
              const Status& failure) {
  const ErrorCode code = format.is_misfit(failure)                    ? ErrorCode::kTypeMismatch
                         : CodeOf(failure) == ErrorCode::kMemoryLimit ? ErrorCode::kMemoryLimit
                                                                      : ErrorCode::kCorruptFile;
  return MakeError(
      code,
      fmt::format("{}, in the rows from line {} on: {}", path, block.first_line, failure.message()),
      {path, fmt::format("line {}", block.first_line)});
}

// One block, parsed on the thread that takes it.
class BlockStream final : public BatchStream {
 public:
  BlockStream(const TextFormat& format, const BatchFile::Facts& facts, std::vector<int> columns,
              TextBlock block, std::shared_ptr<MemoryBudget> pool)
      : pool_(std::move(pool)),
        format_(format),
        path_(facts.path),
        schema_(facts.schema),
        columns_(std::move(columns)),
        block_(std::move(block)) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (batches_ == nullptr) {
      auto parsed = format_.parse(block_, *schema_, columns_, pool_.get());
      block_.text = nullptr;
      if (!parsed.ok()) return Placed(format_, path_, block_, parsed.status());
      table_ = std::move(*parsed);
      batches_ = std::make_unique<arrow::TableBatchReader>(*table_);
    }
    return batches_->Next();
  }

 private:
  const std::shared_ptr<MemoryBudget> pool_;  // outlives what is drawn from it
  const TextFormat& format_;
  const std::string path_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::vector<int> columns_;
  TextBlock block_;
  std::shared_ptr<arrow::Table> table_;
  std::unique_ptr<arrow::TableBatchReader> batches_;
};

class TextParts final : public BatchParts {
 public:
  TextParts(const TextFormat& format, const BatchFile::Facts& facts, std::vector<int> columns,
            std::unique_ptr<TextBlocks> blocks, std::shared_ptr<MemoryBudget> pool)
      : pool_(std::move(pool)),
        format_(format),
        facts_(facts),
        columns_(std::move(columns)),
        blocks_(std::move(blocks)) {}

  Result<std::unique_ptr<BatchStream>> Next() override {
    ARROW_ASSIGN_OR_RAISE(auto block, blocks_->Next());
    if (!block) return nullptr;
    return std::make_unique<BlockStream>(format_, facts_, columns_, std::move(*block), pool_);
  }

 private:
  const std::shared_ptr<MemoryBudget> pool_;
  const TextFormat& format_;
  const BatchFile::Facts facts_;
  const std::vector<int> columns_;
  const std::unique_ptr<TextBlocks> blocks_;
};

class TextFile final : public BatchFile {
 public:
  TextFile(const TextFormat& format, DataFile file, int64_t block_bytes, Facts facts)
      : BatchFile(std::move(facts)),
        format_(format),
        file_(std::move(file)),
        block_bytes_(block_bytes) {}

  Result<std::unique_ptr<BatchParts>> Read(const std::vector<int>& columns, int64_t,
                                           std::shared_ptr<MemoryBudget> pool) const override {
    ARROW_ASSIGN_OR_RAISE(auto blocks, TextBlocks::Open(file_, format_.make_chunker(pool.get()),
                                                        block_bytes_, pool.get()));
    // Rows are counted even if no column is wanted.
    std::vector<int> some = columns;
    if (some.empty() && facts_.schema->num_fields() > 0) some.push_back(0);
    return std::make_unique<TextParts>(format_, facts_, std::move(some), std::move(blocks),
                                       std::move(pool));
  }

 private:
  const TextFormat& format_;
  const DataFile file_;
  const int64_t block_bytes_;
};

// The sample's schema and what its rows take. A column of nulls may have any value later, and only
// strings hold them all.
void LearnFrom(const arrow::Table& sample, bool is_whole, BatchFile::Facts* facts) {
  arrow::FieldVector fields;
  for (int i = 0; i < sample.num_columns(); ++i) {
    auto field = sample.field(i);
    if (!is_whole && field->type()->id() == arrow::Type::NA) field = field->WithType(arrow::utf8());
    fields.push_back(std::move(field));
    const int64_t bytes = arrow::util::TotalBufferSize(*sample.column(i));
    facts->needs.push_back({.row_bytes = 1 + bytes / std::max<int64_t>(1, sample.num_rows())});
  }
  facts->schema = arrow::schema(std::move(fields));
  if (is_whole) facts->num_rows = sample.num_rows();
}

}  // namespace

Result<std::shared_ptr<const BatchFile>> OpenTextFile(const TextFormat& format,
                                                      const DataFile& file, MemoryBudget* pool) {
  const int64_t block_bytes = TextBlockBytes(pool->limit_bytes());
  BatchFile::Facts facts{
      .path = file.path, .schema = arrow::schema({}), .thread_bytes = TextThreadBytes(block_bytes)};
  ARROW_ASSIGN_OR_RAISE(const auto input, OpenInputFile(file.path, pool));
  ARROW_ASSIGN_OR_RAISE(facts.num_bytes, input->GetSize());
  ARROW_ASSIGN_OR_RAISE(auto blocks, TextBlocks::Open(file, format.make_chunker(pool),
                                                      TextSampleBytes(pool->limit_bytes()), pool));
  ARROW_ASSIGN_OR_RAISE(const auto sample, blocks->Next());
  if (!sample) {
    facts.num_rows = 0;
  } else {
    const auto table = format.parse_sample(*sample, pool);
    if (!table.ok()) return Placed(format, file.path, *sample, table.status());
    LearnFrom(**table, sample->is_first && sample->is_last, &facts);
  }
  return std::make_shared<TextFile>(format, file, block_bytes, std::move(facts));
}

}  // namespace headrace::scan
