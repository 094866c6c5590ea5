#include "bars/bar_files.h"

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <numeric>
#include <system_error>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>
#include <unistd.h>

#include "codec/file_sink.h"
#include "headrace/error_code.h"

namespace headrace::bars {
namespace {

constexpr std::array<const char*, BarBlock::kColumns> kNames = {
    "start", "end",    "count", "open",        "high",     "low",
    "close", "volume", "vwap",  "volume_rest", "turnover", "turnover_rest"};
constexpr int kIntegers = 3;

std::array<const void*, BarBlock::kColumns> Pointers(const kernels::BarColumns& c) {
  return {c.start, c.end,    c.count, c.open,        c.high,     c.low,
          c.close, c.volume, c.vwap,  c.volume_rest, c.turnover, c.turnover_rest};
}

std::shared_ptr<arrow::Schema> FileSchema() {
  arrow::FieldVector fields;
  for (int i = 0; i < BarBlock::kColumns; ++i) {
    fields.push_back(arrow::field(kNames[static_cast<size_t>(i)],
                                  i < kIntegers ? arrow::int64() : arrow::float64(),
                                  /*nullable=*/false));
  }
  return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::RecordBatch> Wrapped(const kernels::BarColumns& columns, int64_t rows) {
  const auto pointers = Pointers(columns);
  const auto schema = FileSchema();
  std::vector<std::shared_ptr<arrow::ArrayData>> data;
  for (int i = 0; i < BarBlock::kColumns; ++i) {
    auto values = std::make_shared<arrow::Buffer>(
        static_cast<const uint8_t*>(pointers[static_cast<size_t>(i)]), rows * 8);
    data.push_back(
        arrow::ArrayData::Make(schema->field(i)->type(), rows, {nullptr, std::move(values)}, 0));
  }
  return arrow::RecordBatch::Make(schema, rows, std::move(data));
}

Status AppendTable(const arrow::Table& table, BarRows* out) {
  arrow::TableBatchReader batches(table);
  std::shared_ptr<arrow::RecordBatch> batch;
  for (;;) {
    ARROW_RETURN_NOT_OK(batches.ReadNext(&batch));
    if (batch == nullptr) return Status::OK();
    std::array<int64_t*, kIntegers> integers{};
    std::array<double*, BarBlock::kColumns - kIntegers> doubles{};
    for (int i = 0; i < BarBlock::kColumns; ++i) {
      const auto& data = *batch->column_data(i);
      const auto at = static_cast<size_t>(i);
      if (i < kIntegers) {
        integers[at] = const_cast<int64_t*>(data.GetValues<int64_t>(1));
      } else {
        doubles[at - kIntegers] = const_cast<double*>(data.GetValues<double>(1));
      }
    }
    const kernels::BarColumns columns{integers[0], integers[1], doubles[0], doubles[1],
                                      doubles[2],  doubles[3],  doubles[4], doubles[5],
                                      integers[2], doubles[6],  doubles[7], doubles[8]};
    ARROW_RETURN_NOT_OK(out->Append(columns, batch->num_rows()));
  }
}

Status ReadGroups(const std::string& path, std::vector<int> groups, arrow::MemoryPool* pool,
                  BarRows* out) {
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path, pool));
  parquet::ReaderProperties properties(pool);
  properties.set_page_checksum_verification(true);
  // On this thread alone: what other threads hold of the pool could outlive it.
  parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
  arrow_properties.set_pre_buffer(false);
  ARROW_ASSIGN_OR_RAISE(
      auto reader,
      parquet::arrow::FileReader::Make(
          pool, parquet::ParquetFileReader::Open(std::move(file), properties), arrow_properties));
  ARROW_ASSIGN_OR_RAISE(const auto table, reader->ReadRowGroups(groups));
  if (!table->schema()->Equals(*FileSchema(), /*check_metadata=*/false)) {
    return MakeError(ErrorCode::kCorruptFile, fmt::format("'{}' holds no bars", path), {path});
  }
  return AppendTable(*table, out);
}

}  // namespace

Result<std::shared_ptr<SpillFolder>> SpillFolder::Make(const std::string& parent) {
  std::error_code error;
  std::string pattern =
      (parent.empty() ? std::filesystem::temp_directory_path(error) : std::filesystem::path(parent))
          .append("headrace-bars-XXXXXX")
          .string();
  if (error || ::mkdtemp(pattern.data()) == nullptr) {
    return MakeError(ErrorCode::kIOError,
                     fmt::format("no folder can be made in '{}' for bars that leave memory",
                                 parent.empty() ? "the folder for temporary files" : parent));
  }
  return std::shared_ptr<SpillFolder>(
      std::unique_ptr<SpillFolder>(new SpillFolder(std::move(pattern))));
}

SpillFolder::~SpillFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string SpillFolder::NewPath() { return fmt::format("{}/{}.parquet", path_, next_++); }

Result<std::shared_ptr<const BarFile>> BarFile::Write(const kernels::BarColumns& columns,
                                                      int64_t rows, SpillFolder& folder,
                                                      arrow::MemoryPool* pool) {
  auto file = std::unique_ptr<BarFile>(new BarFile(folder.NewPath()));
  ARROW_ASSIGN_OR_RAISE(auto reader,
                        arrow::RecordBatchReader::Make({Wrapped(columns, rows)}, FileSchema()));
  codec::FileSinkOptions sink{.path = file->path_, .format = codec::Format::kParquet};
  sink.parquet = {
      .row_group_rows = kGroupRows, .dictionary = false, .statistics = false, .page_index = false};
  sink.compression = codec::FileCompression::kNone;  // read back often, kept for a run
  sink.sync = false;
  sink.pool = pool;
  ARROW_RETURN_NOT_OK(codec::WriteFile(*reader, sink).status());
  file->rows_ = rows;
  for (int64_t at = 0; at < rows; at += kGroupRows) {
    file->last_ends_.push_back(columns.end[std::min(at + kGroupRows, rows) - 1]);
  }
  return std::shared_ptr<const BarFile>(std::move(file));
}

BarFile::~BarFile() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

Status BarFile::Read(int64_t first, int64_t end, arrow::MemoryPool* pool, BarRows* out) const {
  std::vector<int> groups(static_cast<size_t>(end - first));
  std::iota(groups.begin(), groups.end(), static_cast<int>(first));
  try {
    return ReadGroups(path_, std::move(groups), pool, out);
  } catch (const std::bad_alloc&) {
    return MakeError(ErrorCode::kMemoryLimit, "no memory to read bars back");
  } catch (const std::exception& error) {
    return MakeError(ErrorCode::kCorruptFile, fmt::format("'{}': {}", path_, error.what()),
                     {path_});
  }
}

}  // namespace headrace::bars
