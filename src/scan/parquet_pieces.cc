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

ParquetPieces::ParquetPieces(const PieceContext& context, size_t file,
                             std::shared_ptr<const ParquetFile> parquet)
    : context_(context),
      file_(std::move(parquet)),
      sources_(context.table->SourcesOf(*context.plan, file)),
      pruner_(file_, sources_, context.plan, context.table->options().skipping, context.pool.get()),
      next_row_(context.table->files()[file].first_row) {}

Result<std::unique_ptr<PiecesOfFile>> ParquetPieces::Open(const PieceContext& context,
                                                          size_t file) {
  ARROW_ASSIGN_OR_RAISE(auto parquet, context.table->OpenParquet(file, context.pool.get()));
  return std::unique_ptr<PiecesOfFile>(new ParquetPieces(context, file, std::move(parquet)));
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
  return context_.pace.column.use_offset_index;
}

void ParquetPieces::Count(const Pruner::Decision& decision, int64_t rows) {
  const int64_t left = CountRows(decision.rows);
  ScanExplanation& so_far = *context_.so_far;
  ++so_far.num_row_groups;
  so_far.read_row_groups += left > 0;
  if (so_far.num_rows >= 0) {  // -1: unknown because of another file
    so_far.num_rows += rows;
    so_far.read_rows += left;
  }
  if (left == rows) return;
  const std::string rule = decision.rule != nullptr ? decision.rule : "page index";
  auto skip = std::find_if(so_far.skips.begin(), so_far.skips.end(),
                           [&](const auto& known) { return known.rule == rule; });
  if (skip == so_far.skips.end()) {
    skip = so_far.skips.insert(skip, {.rule = rule});
  }
  skip->row_groups += left == 0;
  skip->pages += decision.pages_left_out;
  skip->rows += rows - left;
}

Result<std::optional<RowGroupPiece>> ParquetPieces::NextPiece() {
  while (!cut_) {
    ARROW_RETURN_NOT_OK(context_.pace.CheckNotStopped());
    if (next_row_group_ == file_->num_row_groups()) return std::nullopt;
    const int row_group = next_row_group_++;
    const int64_t rows = file_->row_group_rows(row_group);
    RowGroupPiece piece{
        .file = file_, .sources = sources_, .row_group = row_group, .first_row = next_row_};
    next_row_ += rows;
    const int64_t start = std::max<int64_t>(0, context_.start_row - piece.first_row);
    if (start > 0 && start >= rows) {
      Count({}, rows);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto decision,
                          AtParquetBorder(FilePlace{.path = file_->path(), .row_group = row_group},
                                          [&] { return pruner_.Decide(row_group); }));
    Count(decision, rows);
    piece.rows = start > 0 ? Intersect(decision.rows, {{start, rows}}) : std::move(decision.rows);
    piece.filter_decided = decision.filter_decided;
    if (!piece.rows.empty()) cut_ = std::move(piece);
  }
  const int64_t rows = CountRows(cut_->rows);
  const int64_t most = context_.max_piece_rows;
  if (most == 0 || rows <= 2 * most || !CanCut(cut_->row_group)) {
    return std::exchange(cut_, std::nullopt);
  }
  RowGroupPiece piece = *cut_;
  piece.rows = TakeRows(most, &cut_->rows);
  return piece;
}

Status ParquetPieces::PassOver() {
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const auto piece, NextPiece());
    if (!piece) return Status::OK();
  }
}

Result<std::unique_ptr<PieceReader>> ParquetPieces::Next() {
  ARROW_ASSIGN_OR_RAISE(auto piece, NextPiece());
  if (!piece) return nullptr;
  const FilePlace place{.path = piece->file->path(), .row_group = piece->row_group};
  return AtParquetBorder(place, [&]() -> Result<std::unique_ptr<PieceReader>> {
    return RowGroupReader::Make(std::move(*piece), context_.plan, context_.pace,
                                context_.pool.get());
  });
}

}  // namespace headrace::scan
