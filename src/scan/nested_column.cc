#include "scan/nested_column.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/size_statistics.h>

#include "headrace/error_code.h"
#include "scan/page_stream.h"

namespace headrace::scan {
namespace {

constexpr int64_t kMaxBatchRows = 8192;

struct PageDoor {
  std::shared_ptr<const ParquetFile> file;
  int64_t buffer_bytes;
  arrow::MemoryPool* pool;
};

// parquet-cpp's seam for tests serves to hand it our page streams.
class RowGroupPages final : public parquet::RowGroupReader::Contents {
 public:
  RowGroupPages(PageDoor door, int row_group)
      : door_(std::move(door)),
        row_group_(row_group),
        metadata_(door_.file->metadata().RowGroup(row_group)),
        properties_(door_.pool) {}

  std::unique_ptr<parquet::PageReader> GetColumnPageReader(int leaf) override {
    PARQUET_ASSIGN_OR_THROW(const ChunkExtent extent, ExtentOf(*door_.file, row_group_, leaf));
    return OpenPagesAt(*door_.file, row_group_, leaf, extent,
                       metadata_->ColumnChunk(leaf)->num_values(), door_.buffer_bytes, door_.pool)
        .pages;
  }
  const parquet::RowGroupMetaData* metadata() const override { return metadata_.get(); }
  const parquet::ReaderProperties* properties() const override { return &properties_; }

 private:
  const PageDoor door_;
  const int row_group_;
  std::unique_ptr<parquet::RowGroupMetaData> metadata_;
  parquet::ReaderProperties properties_;
};

class FilePages final : public parquet::ParquetFileReader::Contents {
 public:
  explicit FilePages(PageDoor door) : door_(std::move(door)) {}

  void Close() override {}
  std::shared_ptr<parquet::RowGroupReader> GetRowGroup(int i) override {
    return std::make_shared<parquet::RowGroupReader>(std::make_unique<RowGroupPages>(door_, i));
  }
  std::shared_ptr<parquet::FileMetaData> metadata() const override {
    return door_.file->shared_metadata();
  }
  std::shared_ptr<parquet::PageIndexReader> GetPageIndexReader() override { return nullptr; }
  parquet::BloomFilterReader& GetBloomFilterReader() override {
    parquet::ParquetException::NYI("bloom filters are read elsewhere");
  }

 private:
  const PageDoor door_;
};

// What a row takes once it is an array, as far as the footer tells.
int64_t EstimateRowBytes(const ParquetFile& file, int row_group, const std::vector<int>& leaves) {
  const auto group = file.metadata().RowGroup(row_group);
  int64_t bytes = 0;
  for (const int leaf : leaves) {
    const auto chunk = group->ColumnChunk(leaf);
    int64_t leaf_bytes = std::max(chunk->total_uncompressed_size(), chunk->num_values() * 8);
    const auto sizes = chunk->size_statistics();
    if (sizes != nullptr && sizes->unencoded_byte_array_data_bytes.has_value()) {
      leaf_bytes += *sizes->unencoded_byte_array_data_bytes;
    }
    bytes += leaf_bytes;
  }
  return std::max<int64_t>(1, bytes / std::max<int64_t>(1, group->num_rows()));
}

class NestedColumn final : public WindowColumn {
 public:
  NestedColumn(ColumnPlace place, ColumnOptions options, arrow::MemoryPool* pool)
      : place_(std::move(place)), options_(options), pool_(pool) {}

  Result<int64_t> Prepare(int64_t rows, int64_t max_bytes) override {
    if (ready_ == nullptr) {
      ARROW_RETURN_NOT_OK(AtParquetBorder(FileName(), [&] { return Load(max_bytes); }));
    }
    return std::min(rows, ready_->length());
  }

  Result<std::shared_ptr<arrow::Array>> Take(int64_t rows) override {
    auto taken = rows == ready_->length() ? ready_ : ready_->Slice(0, rows);
    Drop(rows);
    return taken;
  }

  Status Skip(int64_t rows) override {
    while (rows > 0) {
      ARROW_ASSIGN_OR_RAISE(const int64_t some, Prepare(rows, last_max_bytes_));
      Drop(some);
      rows -= some;
    }
    return Status::OK();
  }

  void Rest() override {}

 private:
  const ParquetColumn& column() const {
    return place_.file->columns()[static_cast<size_t>(place_.column)];
  }
  FilePlace FileName() const {
    return {.path = place_.file->path(),
            .row_group = place_.row_group,
            .column = column().field->name()};
  }

  void Drop(int64_t rows) { ready_ = rows == ready_->length() ? nullptr : ready_->Slice(rows); }

  Status Open(int64_t max_bytes) {
    const PageDoor door{place_.file, options_.buffer_bytes, pool_};
    auto pages = std::make_unique<parquet::ParquetFileReader>();
    pages->Open(std::make_unique<FilePages>(door));
    const int64_t row_bytes = EstimateRowBytes(*place_.file, place_.row_group, column().leaves);
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_pre_buffer(false);
    properties.set_batch_size(std::clamp<int64_t>(max_bytes / row_bytes, 1, kMaxBatchRows));
    ARROW_ASSIGN_OR_RAISE(reader_,
                          parquet::arrow::FileReader::Make(pool_, std::move(pages), properties));
    ARROW_ASSIGN_OR_RAISE(batches_,
                          reader_->GetRecordBatchReader({place_.row_group}, column().leaves));
    return Status::OK();
  }

  Status Load(int64_t max_bytes) {
    last_max_bytes_ = max_bytes;
    if (batches_ == nullptr) ARROW_RETURN_NOT_OK(Open(max_bytes));
    std::shared_ptr<arrow::RecordBatch> batch;
    do {
      ARROW_RETURN_NOT_OK(batches_->ReadNext(&batch));
      if (batch == nullptr) {
        return MakeError(ErrorCode::kCorruptFile, "its pages have fewer rows than the row group");
      }
    } while (batch->num_rows() == 0);
    if (batch->num_columns() != 1) return Status::Invalid("the column is not one column");
    ready_ = batch->column(0);
    if (!ready_->type()->Equals(*column().field->type())) {
      arrow::compute::ExecContext context(pool_);
      ARROW_ASSIGN_OR_RAISE(ready_,
                            arrow::compute::Cast(*ready_, column().field->type(),
                                                 arrow::compute::CastOptions::Safe(), &context));
    }
    // A damaged page may yield offsets that point anywhere.
    return ready_->Validate();
  }

  const ColumnPlace place_;
  const ColumnOptions options_;
  arrow::MemoryPool* const pool_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::shared_ptr<arrow::Array> ready_;  // null, or at least one row
  int64_t last_max_bytes_ = 1 << 22;
};

}  // namespace

Result<std::unique_ptr<WindowColumn>> MakeNestedColumn(ColumnPlace place,
                                                       const ColumnOptions& options,
                                                       arrow::MemoryPool* pool) {
  return std::make_unique<NestedColumn>(std::move(place), options, pool);
}

}  // namespace headrace::scan
