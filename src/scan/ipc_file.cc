#include "scan/ipc_file.h"

#include <algorithm>
#include <string>
#include <utility>

#include <arrow/io/interfaces.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "scan/input_file.h"
#include "scan/ipc_layout.h"
#include "scan/parquet_border.h"

namespace headrace::scan {
namespace {

constexpr int64_t kPartBytes = 16 << 20;  // opening the file again is small beside it

struct BatchRange {
  int begin = 0;
  int end = 0;
};

// What the parts of a file need to know of it.
struct IpcSource {
  std::string path;
  std::shared_ptr<arrow::Schema> stored;  // as in the file, dictionaries included
  bool is_stream = false;
  std::vector<BatchRange> ranges;   // of a file
  std::vector<int64_t> first_rows;  // of the batches
};

arrow::ipc::IpcReadOptions OptionsFor(std::vector<int> columns, arrow::MemoryPool* pool) {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  options.included_fields = std::move(columns);
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  return options;
}

// Record batches of a file, or a stream, through a reader of its own.
class IpcStream final : public BatchStream {
 public:
  IpcStream(std::shared_ptr<const IpcSource> source, BatchRange range, std::vector<int> columns,
            std::shared_ptr<MemoryBudget> pool)
      : pool_(std::move(pool)),
        source_(std::move(source)),
        range_(range),
        columns_(std::move(columns)) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    const FilePlace place{.path = source_->path,
                          .row_group = source_->is_stream ? -1 : range_.begin};
    return AtParquetBorder(place, [&]() -> Result<std::shared_ptr<arrow::RecordBatch>> {
      if (!opened_) ARROW_RETURN_NOT_OK(Open());
      if (next_row_ < 0) next_row_ = next_row();
      std::shared_ptr<arrow::RecordBatch> batch;
      if (stream_ != nullptr) {
        ARROW_RETURN_NOT_OK(stream_->ReadNext(&batch));
      } else if (range_.begin < range_.end) {
        ARROW_ASSIGN_OR_RAISE(batch, file_->ReadRecordBatch(range_.begin++));
      }
      if (batch == nullptr) return batch;
      ARROW_RETURN_NOT_OK(batch->ValidateFull());
      next_row_ += batch->num_rows();
      return batch;
    });
  }

  int64_t next_row() const noexcept override {
    const bool begins = next_row_ < 0 && !source_->is_stream && range_.begin < range_.end;
    return begins ? source_->first_rows[static_cast<size_t>(range_.begin)]
                  : std::max<int64_t>(next_row_, 0);
  }

 private:
  Status Open() {
    opened_ = true;
    const auto options = OptionsFor(columns_, pool_.get());
    ARROW_ASSIGN_OR_RAISE(auto input, OpenInputFile(source_->path, pool_.get()));
    if (source_->is_stream) {
      ARROW_ASSIGN_OR_RAISE(stream_,
                            arrow::ipc::RecordBatchStreamReader::Open(std::move(input), options));
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(file_,
                          arrow::ipc::RecordBatchFileReader::Open(std::move(input), options));
    bool same = range_.end <= file_->num_record_batches();
    for (const int column : columns_) {
      const auto& field = source_->stored->field(column);
      const auto found = file_->schema()->GetFieldByName(field->name());
      same = same && found != nullptr && found->Equals(*field);
    }
    if (!same) return Status::Invalid("it was changed while it was scanned");
    return Status::OK();
  }

  const std::shared_ptr<MemoryBudget> pool_;  // outlives what is drawn from it
  const std::shared_ptr<const IpcSource> source_;
  BatchRange range_;
  const std::vector<int> columns_;
  bool opened_ = false;
  int64_t next_row_ = -1;  // not begun
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  std::shared_ptr<arrow::ipc::RecordBatchStreamReader> stream_;
};

class IpcParts final : public BatchParts {
 public:
  IpcParts(std::shared_ptr<const IpcSource> source, std::vector<int> columns, int64_t start_row,
           std::shared_ptr<MemoryBudget> pool)
      : source_(std::move(source)), columns_(std::move(columns)), pool_(std::move(pool)) {
    if (source_->is_stream) return;
    const auto& first_rows = source_->first_rows;
    const auto behind = std::upper_bound(first_rows.begin(), first_rows.end(), start_row);
    first_batch_ = std::max<int>(0, static_cast<int>(behind - first_rows.begin()) - 1);
  }

  Result<std::unique_ptr<BatchStream>> Next() override {
    while (next_ < source_->ranges.size() && source_->ranges[next_].end <= first_batch_ &&
           !source_->is_stream) {
      ++next_;
    }
    if (next_ == source_->ranges.size()) return nullptr;
    BatchRange range = source_->ranges[next_++];
    range.begin = std::max(range.begin, first_batch_);
    return std::make_unique<IpcStream>(source_, range, columns_, pool_);
  }

 private:
  const std::shared_ptr<const IpcSource> source_;
  const std::vector<int> columns_;
  const std::shared_ptr<MemoryBudget> pool_;
  int first_batch_ = 0;
  size_t next_ = 0;
};

class IpcFile final : public BatchFile {
 public:
  IpcFile(std::shared_ptr<const IpcSource> source, Facts facts)
      : BatchFile(std::move(facts)), source_(std::move(source)) {}

  Result<std::unique_ptr<BatchParts>> Read(const std::vector<int>& columns, int64_t start_row,
                                           std::shared_ptr<MemoryBudget> pool) const override {
    // No columns would mean all of them.
    std::vector<int> some = columns;
    if (some.empty() && source_->stored->num_fields() > 0) some.push_back(0);
    return std::make_unique<IpcParts>(source_, std::move(some), start_row, std::move(pool));
  }

 private:
  const std::shared_ptr<const IpcSource> source_;
};

// How many buffers a column of the type has in a message; -1: not known beforehand.
int NumBuffers(const arrow::DataType& type) {
  if (type.id() == arrow::Type::STRING_VIEW || type.id() == arrow::Type::BINARY_VIEW) return -1;
  if (type.id() == arrow::Type::EXTENSION) {
    return NumBuffers(*static_cast<const arrow::ExtensionType&>(type).storage_type());
  }
  int buffers = 0;
  for (const auto& spec : type.layout().buffers) {
    buffers += spec.kind != arrow::DataTypeLayout::ALWAYS_NULL;
  }
  for (const auto& child : type.fields()) {
    const int below = NumBuffers(*child->type());
    if (below < 0) return -1;
    buffers += below;
  }
  return buffers;
}

// The heaviest batch stands for the others. It is held packed and unpacked while it is read, and
// unpacked until the last slice of it was taken: twice, for the next one is read meanwhile.
Status AddNeeds(arrow::io::RandomAccessFile& file, const IpcLayout& layout,
                const arrow::Schema& stored, BatchFile::Facts* facts) {
  facts->needs.assign(static_cast<size_t>(stored.num_fields()), ColumnNeed{});
  for (const IpcMessage& dictionary : layout.dictionaries) {
    for (size_t i = 0; i < dictionary.buffers.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const int64_t bytes, UnpackedBytes(file, dictionary, i));
      facts->thread_bytes += bytes;
    }
  }
  if (layout.largest < 0) return Status::OK();
  const IpcMessage& batch = layout.batches[static_cast<size_t>(layout.largest)];
  std::vector<size_t> owner;  // of each buffer
  bool known = true;
  for (size_t column = 0; column < facts->needs.size(); ++column) {
    const int buffers = NumBuffers(*stored.field(static_cast<int>(column))->type());
    known = known && buffers >= 0;
    owner.insert(owner.end(), static_cast<size_t>(std::max(buffers, 0)), column);
  }
  known = known && owner.size() == batch.buffers.size();
  for (size_t i = 0; i < batch.buffers.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, UnpackedBytes(file, batch, i));
    const int64_t held = 2 * bytes + (batch.compressed ? batch.buffers[i].second : 0);
    if (!known) {
      facts->thread_bytes += held;
      continue;
    }
    facts->needs[owner[i]].held_bytes += held;
    facts->needs[owner[i]].row_bytes += 1 + bytes / std::max<int64_t>(1, batch.num_rows);
  }
  return Status::OK();
}

std::vector<BatchRange> RangesOf(const IpcLayout& layout) {
  const int end = static_cast<int>(layout.batches.size());
  if (layout.is_stream) return {{0, end}};
  std::vector<BatchRange> ranges;
  int64_t bytes = kPartBytes;
  for (int i = 0; i < end; ++i) {
    if (bytes >= kPartBytes) {
      ranges.push_back({i, i});
      bytes = 0;
    }
    bytes += layout.batches[static_cast<size_t>(i)].body_bytes;
    ranges.back().end = i + 1;
  }
  return ranges;
}

}  // namespace

Result<std::shared_ptr<const BatchFile>> OpenIpcFile(const DataFile& file, MemoryBudget* pool) {
  ARROW_ASSIGN_OR_RAISE(auto input, OpenInputFile(file.path, pool));
  ARROW_ASSIGN_OR_RAISE(const IpcLayout layout, ReadIpcLayout(*input));
  auto source = std::make_shared<IpcSource>();
  source->path = file.path;
  source->is_stream = layout.is_stream;
  source->ranges = RangesOf(layout);
  BatchFile::Facts facts{.path = file.path, .num_rows = 0, .numbers_rows = true};
  ARROW_ASSIGN_OR_RAISE(facts.num_bytes, input->GetSize());
  facts.num_record_batches = static_cast<int>(layout.batches.size());
  for (const IpcMessage& batch : layout.batches) {
    source->first_rows.push_back(facts.num_rows);
    facts.num_rows += batch.num_rows;
  }
  const auto options = OptionsFor({}, pool);
  if (layout.is_stream) {
    ARROW_RETURN_NOT_OK(input->Seek(0));
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          arrow::ipc::RecordBatchStreamReader::Open(input, options));
    source->stored = reader->schema();
  } else {
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          arrow::ipc::RecordBatchFileReader::Open(input, options));
    source->stored = reader->schema();
  }
  ARROW_RETURN_NOT_OK(AddNeeds(*input, layout, *source->stored, &facts));
  arrow::FieldVector fields;
  for (const auto& field : source->stored->fields()) {
    const bool encoded = field->type()->id() == arrow::Type::DICTIONARY;
    fields.push_back(
        encoded ? field->WithType(
                      static_cast<const arrow::DictionaryType&>(*field->type()).value_type())
                : field);
  }
  facts.schema = arrow::schema(std::move(fields));
  return std::make_shared<IpcFile>(std::move(source), std::move(facts));
}

}  // namespace headrace::scan
