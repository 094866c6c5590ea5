#include <algorithm>
#include <utility>

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/metadata.h>

#include "headrace/error_code.h"
#include "headrace/source.h"
#include "headrace/streaming_adaptive.h"
#include "scan/input_file.h"
#include "scan/parquet_border.h"
#include "scan/parquet_file.h"
#include "scan/plan_request.h"
#include "scan/pruning.h"
#include "scan/row_group_reader.h"

namespace headrace {

struct MmapParquetReader::Impl {
  MemoryBudget* budget = nullptr;
  std::shared_ptr<const scan::ParquetFile> file;
  int64_t decoded_bytes = 0;

  Status CheckRowGroup(int row_group) const {
    if (row_group >= 0 && row_group < file->num_row_groups()) return Status::OK();
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("{} has {} row groups and none of number {}", file->path(),
                                 file->num_row_groups(), row_group),
                     {"row_group"});
  }
};

MmapParquetReader::MmapParquetReader(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Result<MmapParquetReader> MmapParquetReader::Make(const std::string& path, MemoryBudget* budget) {
  auto impl = std::make_shared<Impl>();
  impl->budget = budget != nullptr ? budget : MemoryBudget::Process();
  ARROW_ASSIGN_OR_RAISE(auto input, scan::OpenInputFile(path, impl->budget));
  ARROW_ASSIGN_OR_RAISE(impl->file, scan::ParquetFile::Open(path, std::move(input), impl->budget));
  ARROW_RETURN_NOT_OK(scan::AtParquetBorder({.path = path}, [&] {
    for (int group = 0; group < impl->file->num_row_groups(); ++group) {
      for (const auto& column : impl->file->columns()) {
        impl->decoded_bytes +=
            impl->file->row_group_rows(group) * scan::EstimateRowBytes(*impl->file, group, column);
      }
    }
    return Status::OK();
  }));
  return MmapParquetReader(std::move(impl));
}

int MmapParquetReader::num_row_groups() const noexcept { return impl_->file->num_row_groups(); }

int64_t MmapParquetReader::total_rows() const noexcept {
  return impl_->file->metadata().num_rows();
}

std::shared_ptr<arrow::Schema> MmapParquetReader::schema() const { return impl_->file->schema(); }

Result<std::shared_ptr<arrow::Table>> MmapParquetReader::ReadRowGroup(int row_group) const {
  ARROW_RETURN_NOT_OK(impl_->CheckRowGroup(row_group));
  ARROW_ASSIGN_OR_RAISE(const auto plan, scan::PlanRequest({}, *schema()));
  auto sources = std::make_shared<std::vector<scan::FieldSource>>();
  for (int column = 0; column < schema()->num_fields(); ++column) {
    sources->push_back({.column = column});
  }
  scan::RowGroupPiece piece{.file = impl_->file, .sources = sources, .row_group = row_group};
  scan::AppendRange({0, impl_->file->row_group_rows(row_group)}, &piece.rows);
  scan::ReadPace pace;
  pace.strategy = std::make_shared<AdaptiveChunkStrategy>();
  const scan::FilePlace place{.path = impl_->file->path(), .row_group = row_group};
  return scan::AtParquetBorder(place, [&]() -> Result<std::shared_ptr<arrow::Table>> {
    ARROW_ASSIGN_OR_RAISE(auto reader,
                          scan::RowGroupReader::Make(std::move(piece), plan, pace, impl_->budget));
    arrow::RecordBatchVector batches;
    for (;;) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (batch == nullptr) return arrow::Table::FromRecordBatches(plan->schema, batches);
      batches.push_back(std::move(batch));
    }
  });
}

Result<RowGroupStatistics> MmapParquetReader::Statistics(int row_group) const {
  ARROW_RETURN_NOT_OK(impl_->CheckRowGroup(row_group));
  RowGroupStatistics statistics{.num_rows = impl_->file->row_group_rows(row_group),
                                .schema = schema()};
  const scan::FilePlace place{.path = impl_->file->path(), .row_group = row_group};
  ARROW_RETURN_NOT_OK(scan::AtParquetBorder(place, [&] {
    const auto group = impl_->file->metadata().RowGroup(row_group);
    for (const auto& column : impl_->file->columns()) {
      if (column.leaves.size() != 1 || column.field->type()->num_fields() > 0) continue;
      const auto chunk = group->ColumnChunk(column.leaves.front());
      const auto stored = chunk->is_stats_set() ? chunk->statistics() : nullptr;
      if (stored == nullptr) continue;
      expr::ColumnFacts facts;
      scan::AddBounds(*stored, column.field->type(), &facts);
      statistics.columns[column.field->name()] = {
          .null_count = facts.null_count, .min = facts.min, .max = facts.max};
    }
    return Status::OK();
  }));
  return statistics;
}

bool MmapParquetReader::CanFitInMemory(int64_t available_mb) const noexcept {
  return impl_->decoded_bytes <= std::clamp<int64_t>(available_mb, 0, int64_t{1} << 40) << 20;
}

int64_t MmapParquetReader::EstimateRowSize() const noexcept {
  const int64_t rows = total_rows();
  return rows == 0 ? 0 : std::max<int64_t>(1, impl_->decoded_bytes / rows);
}

}  // namespace headrace
