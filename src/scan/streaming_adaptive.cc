#include "headrace/streaming_adaptive.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <utility>

#include <arrow/compute/expression.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/scan.h"
#include "scan/file_set.h"
#include "scan/file_table.h"

namespace headrace {
namespace {

constexpr int64_t kTextExpansion = 4;  // of rows that are not counted: columns for a byte of text

// Batches of a scan after a predicate that the scan itself cannot apply.
class PredicateReader final : public arrow::RecordBatchReader {
 public:
  PredicateReader(std::shared_ptr<arrow::RecordBatchReader> reader,
                  std::shared_ptr<const PredicatePushdown> predicate)
      : reader_(std::move(reader)), predicate_(std::move(predicate)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    do {
      ARROW_RETURN_NOT_OK(reader_->ReadNext(batch));
      if (*batch == nullptr) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(*batch, predicate_->Apply(*batch));
    } while ((*batch)->num_rows() == 0);
    return Status::OK();
  }
  Status Close() override { return reader_->Close(); }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> reader_;
  const std::shared_ptr<const PredicatePushdown> predicate_;
};

Result<std::shared_ptr<arrow::Table>> ReadFile(const std::string& path, MemoryBudget* budget) {
  try {
    ARROW_ASSIGN_OR_RAISE(const auto scan,
                          Scan::Open({.paths = {path}, .max_concurrent = 1}, budget));
    ARROW_ASSIGN_OR_RAISE(const auto opened, scan->Open({}));
    return opened.reader->ToTable();
  } catch (const std::exception& error) {
    return MakeError(ErrorCode::kInternal, fmt::format("{}: {}", path, error.what()), {path});
  }
}

}  // namespace

Result<AdaptiveStreamingReader> AdaptiveStreamingReader::Make(std::string path,
                                                              MemoryBudget* budget) {
  AdaptiveStreamingReader reader;
  reader.path_ = std::move(path);
  reader.budget_ = budget != nullptr ? budget : MemoryBudget::Process();
  ARROW_ASSIGN_OR_RAISE(const auto table,
                        scan::FileTable::Make({.paths = {reader.path_}}, reader.budget_));
  int64_t row_bytes = 0;
  for (const auto& need : table->needs()) row_bytes += need.row_bytes;
  for (const auto& file : table->files()) {
    reader.required_bytes_ +=
        file.num_rows >= 0 ? file.num_rows * row_bytes : kTextExpansion * file.num_bytes;
  }
  return reader;
}

AdaptiveStreamingReader& AdaptiveStreamingReader::WithChunkStrategy(
    std::shared_ptr<ChunkStrategy> strategy) {
  strategy_ = std::move(strategy);
  return *this;
}

AdaptiveStreamingReader& AdaptiveStreamingReader::WithPredicate(
    std::shared_ptr<const PredicatePushdown> predicate) {
  predicates_.push_back(std::move(predicate));
  return *this;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> AdaptiveStreamingReader::CollectBatchesAdaptive(
    std::optional<int64_t> max_memory_mb) const {
  if (max_memory_mb && (*max_memory_mb < 1 || *max_memory_mb > int64_t{1} << 40)) {
    return MakeError(ErrorCode::kInvalidArgument, "max_memory_mb is at least 1", {"max_memory_mb"});
  }
  ARROW_ASSIGN_OR_RAISE(const auto scan,
                        Scan::Open({.paths = {path_},
                                    .memory_limit_bytes = max_memory_mb.value_or(0) << 20,
                                    .chunk_strategy = strategy_},
                                   budget_));
  ReadRequest request;
  std::shared_ptr<const PredicatePushdown> predicate;
  if (!predicates_.empty()) {
    ARROW_ASSIGN_OR_RAISE(predicate, AndPredicate::Make(predicates_));
    ARROW_ASSIGN_OR_RAISE(request.filter, predicate->Filter(*scan->schema()));
  }
  ARROW_ASSIGN_OR_RAISE(auto opened, scan->Open(request));
  if (predicate == nullptr || request.filter != nullptr) return std::move(opened.reader);
  return std::make_shared<PredicateReader>(std::move(opened.reader), std::move(predicate));
}

Result<std::shared_ptr<arrow::Table>> AdaptiveStreamingReader::Collect() const {
  ARROW_ASSIGN_OR_RAISE(const auto reader, CollectBatchesAdaptive());
  auto table = reader->ToTable();
  if (table.ok() || CodeOf(table.status()) != ErrorCode::kMemoryLimit) return table;
  return MakeError(ErrorCode::kMemoryLimit,
                   fmt::format("all rows of {} take about {}, and the budget is {}: take them by "
                               "CollectBatchesAdaptive(), or raise the limit ({})",
                               path_, FormatByteSize(required_bytes_),
                               FormatByteSize(budget_->limit_bytes()), table.status().message()),
                   {path_});
}

ParallelStreamReader::ParallelStreamReader(std::vector<std::string> paths, MemoryBudget* budget)
    : paths_(std::move(paths)), budget_(budget != nullptr ? budget : MemoryBudget::Process()) {}

Result<ParallelStreamReader> ParallelStreamReader::FromGlob(const std::string& pattern,
                                                            MemoryBudget* budget) {
  ARROW_ASSIGN_OR_RAISE(const auto files, scan::FindFiles({pattern}));
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path);
  return ParallelStreamReader(std::move(paths), budget);
}

ParallelStreamReader& ParallelStreamReader::WithMaxConcurrent(int max_concurrent) {
  max_concurrent_ = std::max(0, max_concurrent);
  return *this;
}

Result<std::vector<std::shared_ptr<arrow::Table>>> ParallelStreamReader::CollectParallel() const {
  std::vector<Result<std::shared_ptr<arrow::Table>>> read(
      paths_.size(), MakeError(ErrorCode::kCancelled, "another file failed"));
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const size_t wanted = static_cast<size_t>(max_concurrent_ > 0 ? max_concurrent_ : cores);
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < std::min(wanted, paths_.size()); ++i) {
      threads.emplace_back([&] {
        // Files are begun in order and finished: all before one that fails are read.
        while (!failed) {
          const size_t file = next++;
          if (file >= paths_.size()) return;
          read[file] = ReadFile(paths_[file], budget_);
          if (!read[file].ok()) failed = true;
        }
      });
    }
  }
  std::vector<std::shared_ptr<arrow::Table>> tables;
  for (auto& table : read) {
    ARROW_RETURN_NOT_OK(table.status());
    tables.push_back(std::move(*table));
  }
  return tables;
}

Result<std::shared_ptr<arrow::Table>> ParallelStreamReader::CollectConcatenated() const {
  ARROW_ASSIGN_OR_RAISE(const auto scan,
                        Scan::Open({.paths = paths_, .max_concurrent = max_concurrent_}, budget_));
  ARROW_ASSIGN_OR_RAISE(const auto opened, scan->Open({}));
  return opened.reader->ToTable();
}

}  // namespace headrace
