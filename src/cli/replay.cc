#include "cli/replay.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include "headrace/error_code.h"

namespace headrace::cli {
namespace {

constexpr int64_t kBatchRows = 4096;
constexpr int64_t kMinuteNs = 60'000'000'000;

int64_t NsOf(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND: return 1'000'000'000;
    case arrow::TimeUnit::MILLI: return 1'000'000;
    case arrow::TimeUnit::MICRO: return 1'000;
    case arrow::TimeUnit::NANO: break;
  }
  return 1;
}

Status BadFile(const std::string& path, std::string_view what) {
  return MakeError(ErrorCode::kBadConfig, fmt::format("'{}' {}", path, what));
}

int FirstTimestamp(const arrow::Schema& schema) {
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (schema.field(i)->type()->id() == arrow::Type::TIMESTAMP) return i;
  }
  return -1;
}

}  // namespace

class Replay::File {
 public:
  static Result<std::unique_ptr<File>> Open(const std::string& path, arrow::MemoryPool* pool) {
    auto opened = arrow::io::ReadableFile::Open(path, pool);
    if (!opened.ok()) {
      return MakeError(ErrorCode::kIOError,
                       fmt::format("cannot read '{}': {}", path, opened.status().message()));
    }
    auto file = std::make_unique<File>();
    file->path = path;
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_batch_size(kBatchRows);
    // Pre-buffering would hold the whole file at once.
    properties.set_pre_buffer(false);
    parquet::arrow::FileReaderBuilder builder;
    const Status status = builder.Open(*opened, parquet::ReaderProperties(pool));
    if (!status.ok()) return BadFile(path, "is not a Parquet file: " + status.message());
    builder.memory_pool(pool)->properties(properties);
    ARROW_ASSIGN_OR_RAISE(file->reader, builder.Build());
    std::shared_ptr<arrow::Schema> schema;
    ARROW_RETURN_NOT_OK(file->reader->GetSchema(&schema));
    file->time_column = FirstTimestamp(*schema);
    if (file->time_column < 0) return BadFile(path, "has no timestamp column to replay it by");
    if (file->num_rows() == 0) return BadFile(path, "has no rows");
    return file;
  }

  int64_t num_rows() const { return reader->parquet_reader()->metadata()->num_rows(); }

  Status Rewind() {
    ARROW_ASSIGN_OR_RAISE(batches, reader->GetRecordBatchReader());
    return Status::OK();
  }

  std::string path;
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::unique_ptr<arrow::RecordBatchReader> batches;
  int time_column = -1;
};

Replay::Replay(std::unique_ptr<File> file) : file_(std::move(file)) {}

Replay::~Replay() = default;

Result<std::unique_ptr<Replay>> Replay::Open(const std::string& path, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto file, File::Open(path, pool));
  std::unique_ptr<Replay> replay(new Replay(std::move(file)));
  ARROW_RETURN_NOT_OK(replay->Rewind());
  return replay;
}

int64_t Replay::num_rows() const noexcept { return file_->num_rows(); }

Status Replay::Rewind() {
  batch_ = nullptr;
  times_ns_.clear();
  due_ns_.clear();
  position_ = 0;
  rows_before_ = 0;
  last_ns_ = std::nullopt;
  ARROW_RETURN_NOT_OK(file_->Rewind());
  return Load();
}

Result<std::optional<int64_t>> Replay::NextDueNs() {
  if (batch_ != nullptr && position_ == batch_->num_rows()) ARROW_RETURN_NOT_OK(Load());
  if (batch_ == nullptr) return std::nullopt;
  return due_ns_[position_];
}

Result<std::shared_ptr<arrow::RecordBatch>> Replay::TakeDue(int64_t now_ns, int64_t limit) {
  ARROW_ASSIGN_OR_RAISE(const auto next, NextDueNs());
  if (!next || *next > now_ns) return nullptr;
  const auto first = due_ns_.begin() + position_;
  const int64_t num_due = std::upper_bound(first, due_ns_.end(), now_ns) - first;
  const int64_t count = std::min(num_due, limit);
  auto rows = batch_->Slice(position_, count);
  position_ += count;
  return rows;
}

Status Replay::Load() {
  if (!times_ns_.empty()) last_ns_ = times_ns_.back();
  if (batch_ != nullptr) rows_before_ += batch_->num_rows();
  position_ = 0;
  do {
    ARROW_RETURN_NOT_OK(file_->batches->ReadNext(&batch_));
  } while (batch_ != nullptr && batch_->num_rows() == 0);
  return batch_ == nullptr ? Status::OK() : SetDueTimes();
}

Status Replay::SetDueTimes() {
  const auto& column = *batch_->column(file_->time_column);
  const auto& times = static_cast<const arrow::TimestampArray&>(column);
  const int64_t unit_ns = NsOf(static_cast<const arrow::TimestampType&>(*column.type()).unit());
  const int64_t n = column.length();
  times_ns_.resize(n);
  due_ns_.resize(n);
  for (int64_t i = 0; i < n; ++i) {
    times_ns_[i] = times.Value(i) * unit_ns;
    const int64_t before = i > 0 ? times_ns_[i - 1] : last_ns_.value_or(times_ns_[i]);
    if (times.IsNull(i) || times_ns_[i] < before) {
      return BadFile(file_->path,
                     fmt::format("is not in time order: see row {} (from 0)", rows_before_ + i));
    }
  }
  for (int64_t begin = 0, end; begin < n; begin = end) {
    end = begin + 1;
    while (end < n && times_ns_[end] == times_ns_[begin]) ++end;
    const int64_t gap_ns = end < n ? times_ns_[end] - times_ns_[begin] : kMinuteNs;
    const int64_t spread_ns = std::min(gap_ns, kMinuteNs);
    for (int64_t i = begin; i < end; ++i) {
      due_ns_[i] = times_ns_[begin] + spread_ns / (end - begin) * (i - begin);
    }
  }
  return Status::OK();
}

}  // namespace headrace::cli
