#pragma once

#include <memory>
#include <optional>

#include "headrace/scan.h"
#include "scan/file_table.h"
#include "scan/piece.h"
#include "scan/pruning.h"
#include "scan/read_plan.h"

namespace headrace::scan {

/// The row groups of a table's files that can matter to a plan, one after the other.
class ParquetPieces final : public PieceSource {
 public:
  /// Row groups of more than `max_piece_rows` rows are cut where their offset index allows it, so
  /// that threads can share them; 0: never.
  ParquetPieces(std::shared_ptr<const FileTable> table, std::shared_ptr<const ReadPlan> plan,
                const ReadPace& pace, int64_t max_piece_rows, std::shared_ptr<MemoryBudget> pool);

  Result<std::unique_ptr<PieceReader>> Next() override;
  /// The next piece, not opened; none at the end.
  Result<std::optional<RowGroupPiece>> NextPiece();

  /// What was looked at and passed over so far: everything but the columns and the memory.
  const ScanExplanation& so_far() const noexcept { return so_far_; }

 private:
  Result<bool> OpenFile();
  bool CanCut(int row_group) const;
  void Count(const Pruner::Decision& decision, int64_t rows);

  const std::shared_ptr<MemoryBudget> pool_;  // outlives what is drawn from it
  const std::shared_ptr<const FileTable> table_;
  const std::shared_ptr<const ReadPlan> plan_;
  const ReadPace pace_;
  const int64_t max_piece_rows_;

  size_t next_file_ = 0;
  std::shared_ptr<const ParquetFile> file_;
  std::shared_ptr<const std::vector<FieldSource>> sources_;
  int next_row_group_ = 0;
  std::unique_ptr<Pruner> pruner_;
  std::optional<RowGroupPiece> cut_;  // a row group of which pieces are left
  ScanExplanation so_far_;
};

}  // namespace headrace::scan
