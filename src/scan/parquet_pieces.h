#pragma once

#include <memory>
#include <optional>

#include "scan/file_pieces.h"
#include "scan/parquet_file.h"
#include "scan/piece.h"
#include "scan/pruning.h"
#include "scan/read_plan.h"

namespace headrace::scan {

/// The row groups of a Parquet file that can matter to a plan, one after the other.
class ParquetPieces final : public PiecesOfFile {
 public:
  /// `context` outlives the pieces.
  static Result<std::unique_ptr<PiecesOfFile>> Open(const PieceContext& context, size_t file);

  Result<std::unique_ptr<PieceReader>> Next() override;
  Status PassOver() override;

 private:
  ParquetPieces(const PieceContext& context, size_t file,
                std::shared_ptr<const ParquetFile> parquet);
  Result<std::optional<RowGroupPiece>> NextPiece();
  bool CanCut(int row_group) const;
  void Count(const Pruner::Decision& decision, int64_t rows);

  const PieceContext& context_;
  const std::shared_ptr<const ParquetFile> file_;
  const std::shared_ptr<const std::vector<FieldSource>> sources_;
  Pruner pruner_;
  int next_row_group_ = 0;
  int64_t next_row_;                  // number in the scan of that row group's first row
  std::optional<RowGroupPiece> cut_;  // a row group of which pieces are left
};

}  // namespace headrace::scan
