#include <memory>
#include <utility>

#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>

#include "codec/format_writer.h"
#include "codec/row_gatherer.h"
#include "codec/unified_dictionaries.h"

namespace headrace::codec {
namespace {

/// The stream format replaces a dictionary by the next one; the file format only lets it grow.
class ArrowWriter final : public FormatWriter {
 public:
  ArrowWriter(std::shared_ptr<arrow::ipc::RecordBatchWriter> writer, const SinkContext& context)
      : writer_(std::move(writer)),
        is_file_(context.encoding.format == Format::kArrowFile),
        share_(context.share),
        dictionaries_(context.share) {}

  Status WriteRows(const arrow::RecordBatchVector& batches) override {
    if (batches.size() == 1) return WriteBatch(batches.front());
    auto joined = JoinBatches(batches, share_);
    if (joined.ok()) return WriteBatch(*joined);
    // Dictionaries or offsets too large for one batch.
    for (const auto& batch : batches) ARROW_RETURN_NOT_OK(WriteBatch(batch));
    return Status::OK();
  }

  Status Finish() override { return writer_->Close(); }

 private:
  Status WriteBatch(const std::shared_ptr<arrow::RecordBatch>& batch) {
    if (!is_file_) return writer_->WriteRecordBatch(*batch);
    ARROW_ASSIGN_OR_RAISE(const auto unified, dictionaries_.Apply(batch));
    return writer_->WriteRecordBatch(*unified);
  }

  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  const bool is_file_;
  arrow::MemoryPool* share_;
  UnifiedDictionaries dictionaries_;
};

}  // namespace

Result<std::unique_ptr<FormatWriter>> MakeArrowWriter(const std::shared_ptr<arrow::Schema>& schema,
                                                      arrow::io::OutputStream* stream,
                                                      const SinkContext& context) {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.memory_pool = context.share;
  options.use_threads = false;
  options.emit_dictionary_deltas = context.encoding.format == Format::kArrowFile;
  if (context.encoding.compression != FileCompression::kNone) {
    ARROW_ASSIGN_OR_RAISE(
        options.codec, arrow::util::Codec::Create(ArrowCompression(context.encoding),
                                                  context.options.compression_level.value_or(
                                                      arrow::util::kUseDefaultCompressionLevel)));
  }
  const bool is_file = context.encoding.format == Format::kArrowFile;
  ARROW_ASSIGN_OR_RAISE(auto writer, is_file
                                         ? arrow::ipc::MakeFileWriter(stream, schema, options)
                                         : arrow::ipc::MakeStreamWriter(stream, schema, options));
  return std::make_unique<ArrowWriter>(std::move(writer), context);
}

}  // namespace headrace::codec
