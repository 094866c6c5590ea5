#include <memory>
#include <new>
#include <utility>

#include <arrow/record_batch.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include "codec/batch_encoder.h"
#include "codec/parquet_encodings.h"

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

/// zstd; the Arrow schema goes along, so that zones and types read back as they were. The columns
/// of a row group are encoded side by side. How each is encoded is decided by the first rows.
class ParquetEncoder final : public BatchEncoder {
 public:
  ParquetEncoder(std::shared_ptr<arrow::RecordBatchReader> reader, const EncodeOptions& options)
      : BatchEncoder(std::move(reader), options, {.chunk_bytes = 1, .split_batches = false}),
        use_threads_(options.use_threads) {}

 private:
  Status Begin(const std::shared_ptr<arrow::Schema>& schema) override {
    schema_ = schema;
    return Status::OK();
  }
  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    if (batch->num_rows() == 0) return Status::OK();
    ARROW_RETURN_NOT_OK(Open(batch.get()));
    return Guarded([&] { return writer_->WriteRecordBatch(*batch); });
  }
  Status End() override {
    ARROW_RETURN_NOT_OK(Open(nullptr));
    return Guarded([&] { return writer_->Close(); });
  }

  /// `first_rows`: none if there are no rows at all.
  Status Open(const arrow::RecordBatch* first_rows) {
    if (writer_ != nullptr) return Status::OK();
    parquet::WriterProperties::Builder properties;
    properties.memory_pool(pool())->compression(arrow::Compression::ZSTD);
    if (first_rows != nullptr) {
      ARROW_RETURN_NOT_OK(ChooseEncodings(*first_rows, pool(), &properties));
    }
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder()
                                      .store_schema()
                                      ->set_use_threads(use_threads_)
                                      ->build();
    // Not owned: the encoder has the stream for longer than the writer.
    std::shared_ptr<arrow::io::OutputStream> sink(&stream(), [](auto*) {});
    return Guarded([&] {
      return parquet::arrow::FileWriter::Open(*schema_, pool(), std::move(sink), properties.build(),
                                              arrow_properties)
          .Value(&writer_);
    });
  }

  const bool use_threads_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

}  // namespace

std::unique_ptr<Encoder> MakeParquetEncoder(std::shared_ptr<arrow::RecordBatchReader> reader,
                                            const EncodeOptions& options) {
  return std::make_unique<ParquetEncoder>(std::move(reader), options);
}

}  // namespace headrace::codec
