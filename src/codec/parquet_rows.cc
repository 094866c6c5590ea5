#include <exception>
#include <memory>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include "codec/arrow_rows.h"
#include "codec/validated_reader.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

constexpr int64_t kBatchRows = 64 << 10;

/// Holds the file reader that the batches come from.
class ParquetBatches final : public arrow::RecordBatchReader {
 public:
  static Result<std::shared_ptr<arrow::RecordBatchReader>> Open(std::shared_ptr<arrow::Buffer> body,
                                                                arrow::MemoryPool* pool) {
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_batch_size(kBatchRows);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(std::make_shared<arrow::io::BufferReader>(std::move(body)),
                                     parquet::ReaderProperties(pool)));
    auto reader = std::make_shared<ParquetBatches>();
    ARROW_RETURN_NOT_OK(
        builder.memory_pool(pool)->properties(properties)->Build().Value(&reader->file_));
    ARROW_RETURN_NOT_OK(reader->file_->GetRecordBatchReader().Value(&reader->batches_));
    return reader;
  }

  std::shared_ptr<arrow::Schema> schema() const override { return batches_->schema(); }

  // Parquet C++ throws inside; what its Arrow layer lets through ends here.
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    try {
      return batches_->ReadNext(batch);
    } catch (const std::bad_alloc&) {
      return Status::OutOfMemory("no memory to read the Parquet body");
    } catch (const std::exception& e) {
      return Status::Invalid(e.what());
    }
  }

 private:
  std::unique_ptr<parquet::arrow::FileReader> file_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenParquetBody(
    std::shared_ptr<arrow::Buffer> body, arrow::MemoryPool* pool) {
  try {
    auto reader = ParquetBatches::Open(std::move(body),
                                       pool != nullptr ? pool : arrow::default_memory_pool());
    if (!reader.ok()) return BodyError(reader.status());
    return ValidateBatches(*std::move(reader));
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory("no memory to read the Parquet body");
  } catch (const std::exception& e) {
    return MakeError(ErrorCode::kMalformedBody, e.what());
  }
}

}  // namespace headrace::codec
