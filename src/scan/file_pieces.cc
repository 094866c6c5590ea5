#include "scan/file_pieces.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "scan/batch_piece.h"
#include "scan/parquet_pieces.h"

namespace headrace::scan {
namespace {

PieceContext Counting(PieceContext context, ScanExplanation* so_far) {
  context.so_far = so_far;
  return context;
}

// The parts of a file that gives whole batches: nothing of it can be passed over.
class BatchPieces final : public PiecesOfFile {
 public:
  BatchPieces(const PieceContext& context, size_t file)
      : context_(context),
        file_(context.table->files()[file].batches),
        sources_(context.table->SourcesOf(*context.plan, file)),
        rows_(RowsOf(context, file)) {}

  Result<std::unique_ptr<PieceReader>> Next() override {
    if (parts_ == nullptr) {
      ARROW_RETURN_NOT_OK(PassOver());
      std::vector<int> columns;
      for (const FieldSource& source : *sources_) {
        if (source.column >= 0) columns.push_back(source.column);
      }
      ARROW_ASSIGN_OR_RAISE(parts_, file_->Read(columns, rows_.start, context_.pool));
    }
    ARROW_ASSIGN_OR_RAISE(auto stream, parts_->Next());
    if (stream == nullptr) return nullptr;
    return std::make_unique<BatchPiece>(file_, std::move(stream), sources_, context_.plan,
                                        context_.pace, rows_, context_.pool);
  }

  Status PassOver() override {
    ScanExplanation& so_far = *context_.so_far;
    const auto& facts = file_->facts();
    so_far.num_row_groups += facts.num_record_batches;
    so_far.read_row_groups += facts.num_record_batches;
    const bool known = facts.num_rows >= 0 && so_far.num_rows >= 0;
    so_far.num_rows = known ? so_far.num_rows + facts.num_rows : -1;
    so_far.read_rows = known ? so_far.read_rows + facts.num_rows : -1;
    return Status::OK();
  }

 private:
  static FileRows RowsOf(const PieceContext& context, size_t file) {
    const int64_t first = context.table->files()[file].first_row;
    // Where it is not known, the scan begins at the first row.
    return {.first = first,
            .start = std::max<int64_t>(0, context.start_row - std::max<int64_t>(first, 0))};
  }

  const PieceContext& context_;
  const std::shared_ptr<const BatchFile> file_;
  const std::shared_ptr<const std::vector<FieldSource>> sources_;
  const FileRows rows_;
  std::unique_ptr<BatchParts> parts_;
};

bool EndsBefore(const FileTable::File& file, int64_t row) {
  return row > 0 && file.first_row >= 0 && file.num_rows >= 0 &&
         file.first_row + file.num_rows <= row;
}

}  // namespace

FilePieces::FilePieces(PieceContext context) : context_(Counting(std::move(context), &so_far_)) {}

Result<bool> FilePieces::OpenFile() {
  pieces_ = nullptr;
  const auto& files = context_.table->files();
  while (next_file_ < files.size() && EndsBefore(files[next_file_], context_.start_row)) {
    so_far_.num_row_groups += files[next_file_].num_row_groups;
    if (so_far_.num_rows >= 0) so_far_.num_rows += files[next_file_].num_rows;
    ++next_file_;
  }
  if (next_file_ == files.size()) return false;
  const size_t file = next_file_++;
  if (files[file].batches != nullptr) {
    pieces_ = std::make_unique<BatchPieces>(context_, file);
  } else {
    ARROW_ASSIGN_OR_RAISE(pieces_, ParquetPieces::Open(context_, file));
  }
  return true;
}

Result<std::unique_ptr<PieceReader>> FilePieces::Next() {
  for (;;) {
    if (pieces_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto piece, pieces_->Next());
      if (piece != nullptr) return piece;
    }
    ARROW_ASSIGN_OR_RAISE(const bool more, OpenFile());
    if (!more) return nullptr;
  }
}

Result<ScanExplanation> FilePieces::Explain() {
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const bool more, OpenFile());
    if (!more) return so_far_;
    ARROW_RETURN_NOT_OK(pieces_->PassOver());
  }
}

}  // namespace headrace::scan
