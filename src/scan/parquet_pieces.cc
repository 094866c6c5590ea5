#include "scan/parquet_pieces.h"

#include <algorithm>
#include <utility>

#include <parquet/metadata.h>

#include "scan/parquet_border.h"
#include "scan/row_group_reader.h"

namespace headrace::scan {
namespace {

// The first rows of `ranges`, `rows` many, are taken away and returned.
RowRanges TakeRows(int64_t rows, RowRanges* ranges) {
  RowRanges taken;
  RowRanges rest;
  for (const RowRange& range : *ranges) {
    const int64_t here = std::min(rows, range.end - range.begin);
    AppendRange({range.begin, range.begin + here}, &taken);
    AppendRange({range.begin + here, range.end}, &rest);
    rows -= here;
  }
  *ranges = std::move(rest);
  return taken;
}

}  // namespace

ParquetPieces::ParquetPieces(std::shared_ptr<const FileTable> table,
                             std::shared_ptr<const ReadPlan> plan, const ReadPace& pace,
                             int64_t max_piece_rows, std::shared_ptr<MemoryBudget> pool)
    : pool_(std::move(pool)),
      table_(std::move(table)),
      plan_(std::move(plan)),
      pace_(pace),
      max_piece_rows_(max_piece_rows) {}

Result<bool> ParquetPieces::OpenFile() {
  if (next_file_ == table_->files().size()) return false;
  ARROW_ASSIGN_OR_RAISE(file_, table_->OpenParquet(next_file_, pool_.get()));
  sources_ = table_->SourcesOf(*plan_, next_file_);
  pruner_ =
      std::make_unique<Pruner>(file_, sources_, plan_, table_->options().skipping, pool_.get());
  ++next_file_;
  next_row_group_ = 0;
  return true;
}

// A piece begins in the middle of its columns: without an offset index all pages before it would
// have to be passed over.
bool ParquetPieces::CanCut(int row_group) const {
  const auto group = file_->metadata().RowGroup(row_group);
  for (const FieldSource& source : *sources_) {
    if (source.column < 0) continue;
    const ParquetColumn& column = file_->columns()[static_cast<size_t>(source.column)];
    if (!column.flat) return false;
    if (!group->ColumnChunk(column.leaves.front())->GetOffsetIndexLocation()) return false;
  }
  return pace_.column.use_offset_index;
}

void ParquetPieces::Count(const Pruner::Decision& decision, int64_t rows) {
  const int64_t left = CountRows(decision.rows);
  ++so_far_.num_row_groups;
  so_far_.num_rows += rows;
  so_far_.read_row_groups += left > 0;
  so_far_.read_rows += left;
  if (left == rows) return;
  const std::string rule = decision.rule != nullptr ? decision.rule : "page index";
  auto skip = std::find_if(so_far_.skips.begin(), so_far_.skips.end(),
                           [&](const auto& known) { return known.rule == rule; });
  if (skip == so_far_.skips.end()) {
    skip = so_far_.skips.insert(skip, {.rule = rule});
  }
  skip->row_groups += left == 0;
  skip->pages += decision.pages_left_out;
  skip->rows += rows - left;
}

Result<std::optional<RowGroupPiece>> ParquetPieces::NextPiece() {
  while (!cut_) {
    ARROW_RETURN_NOT_OK(pace_.CheckNotStopped());
    if (file_ == nullptr || next_row_group_ == file_->num_row_groups()) {
      pruner_ = nullptr;
      file_ = nullptr;
      ARROW_ASSIGN_OR_RAISE(const bool more, OpenFile());
      if (!more) return std::nullopt;
      continue;
    }
    const int row_group = next_row_group_++;
    RowGroupPiece piece{.file = file_, .sources = sources_, .row_group = row_group};
    ARROW_ASSIGN_OR_RAISE(auto decision,
                          AtParquetBorder(FilePlace{.path = file_->path(), .row_group = row_group},
                                          [&] { return pruner_->Decide(row_group); }));
    Count(decision, file_->row_group_rows(row_group));
    piece.rows = std::move(decision.rows);
    piece.filter_decided = decision.filter_decided;
    if (!piece.rows.empty()) cut_ = std::move(piece);
  }
  const int64_t rows = CountRows(cut_->rows);
  if (max_piece_rows_ == 0 || rows <= 2 * max_piece_rows_ || !CanCut(cut_->row_group)) {
    return std::exchange(cut_, std::nullopt);
  }
  RowGroupPiece piece = *cut_;
  piece.rows = TakeRows(max_piece_rows_, &cut_->rows);
  return piece;
}

Result<std::unique_ptr<PieceReader>> ParquetPieces::Next() {
  ARROW_ASSIGN_OR_RAISE(auto piece, NextPiece());
  if (!piece) return nullptr;
  const FilePlace place{.path = piece->file->path(), .row_group = piece->row_group};
  return AtParquetBorder(place, [&]() -> Result<std::unique_ptr<PieceReader>> {
    return RowGroupReader::Make(std::move(*piece), plan_, pace_, pool_.get());
  });
}

}  // namespace headrace::scan
