#include <memory>
#include <new>
#include <utility>

#include <arrow/record_batch.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include "codec/batch_encoder.h"

namespace headrace::codec {
namespace {

/// Foreign exceptions end here.
template <typename Call>
Status Guarded(Call&& call) {
  try {
    return call();
  } catch (const parquet::ParquetException& e) {
    return Status::IOError("writing Parquet: ", e.what());
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory("writing Parquet: the system has no memory left");
  }
}

/// zstd; the Arrow schema goes along, so that zones and types read back as they were.
class ParquetEncoder final : public BatchEncoder {
 public:
  ParquetEncoder(std::shared_ptr<arrow::RecordBatchReader> reader, const EncodeOptions& options)
      : BatchEncoder(std::move(reader), options, {.chunk_bytes = 1, .split_batches = false}) {}

 private:
  Status Begin(const std::shared_ptr<arrow::Schema>& schema) override {
    const auto properties = parquet::WriterProperties::Builder()
                                .memory_pool(pool())
                                ->compression(arrow::Compression::ZSTD)
                                ->build();
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    // Not owned: the encoder has the stream for longer than the writer.
    std::shared_ptr<arrow::io::OutputStream> sink(&stream(), [](auto*) {});
    return Guarded([&] {
      return parquet::arrow::FileWriter::Open(*schema, pool(), std::move(sink), properties,
                                              arrow_properties)
          .Value(&writer_);
    });
  }
  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    return Guarded([&] { return writer_->WriteRecordBatch(*batch); });
  }
  Status End() override {
    return Guarded([&] { return writer_->Close(); });
  }

  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

}  // namespace

std::unique_ptr<Encoder> MakeParquetEncoder(std::shared_ptr<arrow::RecordBatchReader> reader,
                                            const EncodeOptions& options) {
  return std::make_unique<ParquetEncoder>(std::move(reader), options);
}

}  // namespace headrace::codec
