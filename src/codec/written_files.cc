#include "codec/written_files.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <utility>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compare.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/compression.h>
#include <parquet/arrow/reader.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <unistd.h>

namespace headrace::codec {
namespace {

namespace fs = std::filesystem;

Result<std::shared_ptr<arrow::Table>> ReadArrowFile(
    const std::shared_ptr<arrow::io::RandomAccessFile>& file) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchFileReader::Open(file));
  arrow::RecordBatchVector batches;
  for (int i = 0; i < reader->num_record_batches(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->ReadRecordBatch(i));
    batches.push_back(std::move(batch));
  }
  return arrow::Table::FromRecordBatches(reader->schema(), batches);
}

class Generated final : public arrow::RecordBatchReader {
 public:
  Generated(std::shared_ptr<arrow::Schema> schema, int64_t count,
            std::function<std::shared_ptr<arrow::RecordBatch>(int64_t)> make)
      : schema_(std::move(schema)), count_(count), make_(std::move(make)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;  // before the next one is made
    if (next_ < count_) *batch = make_(next_++);
    return Status::OK();
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  int64_t count_;
  std::function<std::shared_ptr<arrow::RecordBatch>(int64_t)> make_;
  int64_t next_ = 0;
};

}  // namespace

FileSinkFixture::FileSinkFixture() {
  std::string name = (fs::temp_directory_path() / "headrace-sink-XXXXXX").string();
  directory_ = ::mkdtemp(name.data());
}

FileSinkFixture::~FileSinkFixture() {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::vector<std::string> FileSinkFixture::Names() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(directory_)) {
    if (entry.is_directory() && !fs::is_empty(entry.path())) continue;
    names.push_back(fs::relative(entry.path(), directory_).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::shared_ptr<arrow::Table>> ReadTable(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::io::RandomAccessFile> file,
                        arrow::io::ReadableFile::Open(path));
  if (path.ends_with(".parquet")) {
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          parquet::arrow::OpenFile(file, arrow::default_memory_pool()));
    return reader->ReadTable();
  }
  if (path.ends_with(".arrow")) return ReadArrowFile(file);
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchStreamReader::Open(file));
  return reader->ToTable();
}

Result<std::string> ReadText(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::io::InputStream> stream,
                        arrow::io::ReadableFile::Open(path));
  std::unique_ptr<arrow::util::Codec> codec;
  if (path.ends_with(".gz") || path.ends_with(".zst")) {
    const auto type = path.ends_with(".gz") ? arrow::Compression::GZIP : arrow::Compression::ZSTD;
    ARROW_ASSIGN_OR_RAISE(codec, arrow::util::Codec::Create(type));
    ARROW_ASSIGN_OR_RAISE(stream, arrow::io::CompressedInputStream::Make(codec.get(), stream));
  }
  std::string text;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto block, stream->Read(1 << 20));
    if (block->size() == 0) return text;
    text += block->ToString();
  }
}

void WriteText(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

Result<ParquetShape> ShapeOf(const std::string& path) {
  const auto file = parquet::ParquetFileReader::OpenFile(path);
  ParquetShape shape;
  for (int group = 0; group < file->metadata()->num_row_groups(); ++group) {
    const auto reader = file->RowGroup(group);
    shape.row_group_rows.push_back(reader->metadata()->num_rows());
    for (int column = 0; column < reader->metadata()->num_columns(); ++column) {
      const auto pages = reader->GetColumnPageReader(column);
      while (const auto page = pages->NextPage()) {
        shape.largest_page_bytes = std::max<int64_t>(shape.largest_page_bytes, page->size());
      }
    }
  }
  return shape;
}

std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type,
                                       const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> BatchOf(std::shared_ptr<arrow::Array> column) {
  const int64_t rows = column->length();
  auto schema = arrow::schema({arrow::field("x", column->type())});
  return arrow::RecordBatch::Make(std::move(schema), rows, {std::move(column)});
}

bool SameRows(const arrow::Table& a, const arrow::Table& b) {
  if (!a.schema()->Equals(*b.schema(), /*check_metadata=*/false)) return false;
  for (int i = 0; i < a.num_columns(); ++i) {
    if (!a.column(i)->Equals(*b.column(i), arrow::EqualOptions::Defaults().nans_equal(true))) {
      return false;
    }
  }
  return a.num_rows() == b.num_rows();
}

std::shared_ptr<arrow::Table> TableOf(const arrow::RecordBatchVector& batches) {
  return arrow::Table::FromRecordBatches(batches).ValueOrDie();
}

std::shared_ptr<arrow::RecordBatchReader> GeneratedReader(
    std::shared_ptr<arrow::Schema> schema, int64_t count,
    std::function<std::shared_ptr<arrow::RecordBatch>(int64_t)> make) {
  return std::make_shared<Generated>(std::move(schema), count, std::move(make));
}

}  // namespace headrace::codec
