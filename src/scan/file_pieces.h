#pragma once

#include <cstddef>
#include <memory>

#include "headrace/scan.h"
#include "scan/file_table.h"
#include "scan/piece.h"
#include "scan/read_plan.h"

namespace headrace::scan {

/// The pieces of one file. Thread rule: as PieceSource.
class PiecesOfFile : public PieceSource {
 public:
  /// Looks at all that is left without reading rows: what can be passed over is counted.
  virtual Status PassOver() = 0;
};

/// How pieces are made, and where they are counted.
struct PieceContext {
  std::shared_ptr<MemoryBudget> pool;  ///< outlives what is drawn from it
  std::shared_ptr<const FileTable> table;
  std::shared_ptr<const ReadPlan> plan;
  ReadPace pace;
  /// Row groups of more rows are cut where their offset index allows it, so that threads can share
  /// them; 0: never.
  int64_t max_piece_rows = 0;
  /// Rows of the scan before this number are passed over; FileTable::CanStartAt() it.
  int64_t start_row = 0;
  /// What was looked at and passed over so far: everything but the columns and the memory.
  ScanExplanation* so_far = nullptr;
};

/// The pieces of all files of a scan, each opened by its format when its turn comes.
class FilePieces final : public PieceSource {
 public:
  explicit FilePieces(PieceContext context);

  Result<std::unique_ptr<PieceReader>> Next() override;
  /// Looks at all pieces without reading rows.
  Result<ScanExplanation> Explain();

 private:
  Result<bool> OpenFile();

  ScanExplanation so_far_;
  const PieceContext context_;
  size_t next_file_ = 0;
  std::unique_ptr<PiecesOfFile> pieces_;
};

}  // namespace headrace::scan
