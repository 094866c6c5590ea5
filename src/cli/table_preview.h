#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::cli {

struct TablePreviewOptions {
  int64_t rows = 40;   ///< shown: all, or the first and the last half of so many
  int width = 80;      ///< columns of the terminal; what does not fit is left out in the middle
  bool style = false;  ///< with the terminal's bold and dim
};

/// The first and last rows of a stream of batches as a table for people: names, types, values cut
/// to a width with `…`, and how many rows there were. Holds texts of the rows that it shows.
class TablePreview {
 public:
  TablePreview(std::shared_ptr<arrow::Schema> schema, const TablePreviewOptions& options);
  ~TablePreview();

  Status Add(const arrow::RecordBatch& batch);
  /// With a line end behind each line.
  std::string Text() const;

 private:
  struct Cell {
    std::string text;  ///< safe for a terminal
    int width;
    bool null;
  };
  using Row = std::vector<Cell>;
  Result<Row> RowAt(const arrow::RecordBatch& batch, int64_t row) const;
  static Cell CellOf(std::string text, bool null);
  std::vector<int> ShownColumns(const std::vector<int>& widths) const;
  std::vector<int> Widths() const;
  template <typename Each>
  void ForEachRow(Each each) const;

  const std::shared_ptr<arrow::Schema> schema_;
  const TablePreviewOptions options_;
  std::vector<Row> head_;
  std::deque<Row> tail_;
  int64_t num_rows_ = 0;
};

}  // namespace headrace::cli
