#include "codec/sink_file.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/io/compressed.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

constexpr int64_t kMiB = 1 << 20;

/// What a codec holds while it compresses a stream, outside of any pool. For zstd the windows and
/// tables of its levels, rounded up; gzip always has 256 KiB.
int64_t StreamCodecBytes(const FileEncoding& encoding, int level) {
  if (encoding.compression == FileCompression::kGzip) return kMiB / 2;
  if (level <= 3) return 4 * kMiB;
  if (level <= 9) return 32 * kMiB;
  if (level <= 15) return 64 * kMiB;
  return level <= 19 ? 128 * kMiB : 1024 * kMiB;
}

Status CheckLevel(const FileEncoding& encoding, int level) {
  const auto type = ArrowCompression(encoding);
  const auto lowest = arrow::util::Codec::MinimumCompressionLevel(type);
  const auto highest = arrow::util::Codec::MaximumCompressionLevel(type);
  if (lowest.ok() && highest.ok() && level >= *lowest && level <= *highest) return Status::OK();
  return MakeError(ErrorCode::kInvalidArgument,
                   lowest.ok() && highest.ok()
                       ? fmt::format("{} has levels from {} to {}, not {}",
                                     NameOf(encoding.compression), *lowest, *highest, level)
                       : fmt::format("{} has no levels", NameOf(encoding.compression)),
                   {"compression_level"});
}

FormatWriterFactory* FactoryOf(Format format) {
  if (format == Format::kParquet) return MakeParquetWriter;
  return IsText(format) ? MakeTextWriter : MakeArrowWriter;
}

}  // namespace

arrow::Compression::type ArrowCompression(const FileEncoding& encoding) {
  switch (encoding.compression) {
    case FileCompression::kNone: return arrow::Compression::UNCOMPRESSED;
    case FileCompression::kSnappy: return arrow::Compression::SNAPPY;
    case FileCompression::kGzip: return arrow::Compression::GZIP;
    case FileCompression::kZstd: return arrow::Compression::ZSTD;
    case FileCompression::kLz4:
      return encoding.format == Format::kParquet ? arrow::Compression::LZ4
                                                 : arrow::Compression::LZ4_FRAME;
    case FileCompression::kBrotli: return arrow::Compression::BROTLI;
  }
  return arrow::Compression::UNCOMPRESSED;
}

// Of the limit, a third is for rows that are gathered; encoding one column of them takes at most as
// much again where all is in that column, and pages and scratch need the rest. A record batch is
// joined from its parts before it is written, and compressed after that: three times the rows. Text
// can be six times as long as what it says, and its buffers grow by doubling.
GatherLimits LimitsOf(const SinkContext& context) {
  const int64_t limit = context.share->limit_bytes();
  switch (context.encoding.format) {
    case Format::kParquet: return {context.options.parquet.row_group_rows, limit / 3};
    case Format::kArrowFile:
    case Format::kArrowStream: return {context.options.record_batch_rows, limit / 6};
    default: return {0, limit / 64};
  }
}

SinkStreamOptions StreamOptions(std::string name, const SinkContext& context) {
  constexpr int64_t kMinBytes = 4 << 10;
  constexpr int64_t kMaxBytes = 256 << 10;
  return {.name = std::move(name),
          .buffer_bytes = std::clamp(context.share->limit_bytes() / 1024, kMinBytes, kMaxBytes),
          .pool = context.share,
          .stop = context.options.stop};
}

Result<std::unique_ptr<SinkFile>> SinkFile::Make(std::unique_ptr<SinkStream> stream,
                                                 const std::shared_ptr<arrow::Schema>& schema,
                                                 const SinkContext& context) {
  std::unique_ptr<SinkFile> file(new SinkFile(std::move(stream)));
  ARROW_RETURN_NOT_OK(file->Begin(schema, context));
  return file;
}

Status SinkFile::Begin(const std::shared_ptr<arrow::Schema>& schema, const SinkContext& context) {
  const FileEncoding& encoding = context.encoding;
  const auto level = context.options.compression_level;
  if (level) ARROW_RETURN_NOT_OK(CheckLevel(encoding, *level));
  arrow::io::OutputStream* target = stream_.get();
  if (IsText(encoding.format) && encoding.compression != FileCompression::kNone) {
    codec_memory_ = context.share->Reserve("compression");
    ARROW_RETURN_NOT_OK(codec_memory_.Resize(StreamCodecBytes(encoding, level.value_or(1))));
    ARROW_ASSIGN_OR_RAISE(
        const auto codec,
        arrow::util::Codec::Create(ArrowCompression(encoding),
                                   level.value_or(arrow::util::kUseDefaultCompressionLevel)));
    // Not owned: the stream stays for as long as this.
    std::shared_ptr<arrow::io::OutputStream> raw(target, [](auto*) {});
    ARROW_ASSIGN_OR_RAISE(compressed_, arrow::io::CompressedOutputStream::Make(
                                           codec.get(), std::move(raw), context.share));
    target = compressed_.get();
  }
  return FactoryOf(encoding.format)(schema, target, context).Value(&writer_);
}

SinkFile::~SinkFile() {
  stream_->Abandon();
  writer_.reset();
  compressed_.reset();
}

Status SinkFile::WriteRows(const arrow::RecordBatchVector& batches) {
  return writer_->WriteRows(batches);
}

Status SinkFile::Finish() {
  ARROW_RETURN_NOT_OK(writer_->Finish());
  if (compressed_ != nullptr) ARROW_RETURN_NOT_OK(compressed_->Close());
  return stream_->Flush();
}

}  // namespace headrace::codec
