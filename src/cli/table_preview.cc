#include "cli/table_preview.h"

#include <algorithm>
#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include "cli/terminal_text.h"

namespace headrace::cli {
namespace {

constexpr int kCellWidth = 32;
constexpr int kGap = 2;
constexpr std::string_view kCut = "…";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kPlain = "\x1b[0m";

bool IsRightAligned(const arrow::DataType& type) {
  return arrow::is_numeric(type.id()) || arrow::is_decimal(type.id()) ||
         arrow::is_temporal(type.id());
}

/// Times without the zeros of a fraction that they do not have.
void TrimFraction(std::string* text) {
  const size_t point = text->rfind('.');
  if (point == std::string::npos || text->find_first_not_of("0Z", point + 1) != std::string::npos) {
    return;
  }
  const bool zulu = text->back() == 'Z';
  text->resize(point);
  if (zulu) text->push_back('Z');
}

Result<std::string> ValueText(const arrow::Array& column, int64_t row) {
  if (column.type_id() == arrow::Type::DICTIONARY) {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(column);
    return ValueText(*encoded.dictionary(), encoded.GetValueIndex(row));
  }
  ARROW_ASSIGN_OR_RAISE(const auto value, column.GetScalar(row));
  std::string text = value->ToString();
  if (arrow::is_temporal(column.type_id())) TrimFraction(&text);
  return text;
}

std::string Padded(const std::string& text, int text_width, int width, bool right) {
  const std::string space(static_cast<size_t>(std::max(0, width - text_width)), ' ');
  return right ? space + text : text + space;
}

std::string Grouped(int64_t number) {
  std::string text = fmt::format("{}", number);
  for (auto at = static_cast<int64_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

}  // namespace

TablePreview::TablePreview(std::shared_ptr<arrow::Schema> schema,
                           const TablePreviewOptions& options)
    : schema_(std::move(schema)), options_(options) {}

TablePreview::~TablePreview() = default;

TablePreview::Cell TablePreview::CellOf(std::string text, bool null) {
  std::string safe = TerminalText(text);
  int width = TerminalWidth(safe);
  if (width > kCellWidth) {
    safe = CutToWidth(safe, kCellWidth - 1) + std::string(kCut);
    width = TerminalWidth(safe);
  }
  return {std::move(safe), width, null};
}

Result<TablePreview::Row> TablePreview::RowAt(const arrow::RecordBatch& batch, int64_t row) const {
  Row cells;
  for (const auto& column : batch.columns()) {
    if (column->IsNull(row)) {
      cells.push_back(CellOf("null", true));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(std::string text, ValueText(*column, row));
    cells.push_back(CellOf(std::move(text), false));
  }
  return cells;
}

Status TablePreview::Add(const arrow::RecordBatch& batch) {
  // All that fits is shown; of more the first half and, as it comes, the last one.
  int64_t row = 0;
  for (; row < batch.num_rows() && static_cast<int64_t>(head_.size()) < (options_.rows + 1) / 2;
       ++row) {
    ARROW_ASSIGN_OR_RAISE(Row cells, RowAt(batch, row));
    head_.push_back(std::move(cells));
  }
  const int64_t most = options_.rows / 2;
  for (row = std::max(row, batch.num_rows() - most); row < batch.num_rows(); ++row) {
    ARROW_ASSIGN_OR_RAISE(Row cells, RowAt(batch, row));
    tail_.push_back(std::move(cells));
    if (static_cast<int64_t>(tail_.size()) > most) tail_.pop_front();
  }
  num_rows_ += batch.num_rows();
  return Status::OK();
}

template <typename Each>
void TablePreview::ForEachRow(Each each) const {
  for (const Row& row : head_) each(row);
  for (const Row& row : tail_) each(row);
}

std::vector<int> TablePreview::Widths() const {
  std::vector<int> widths;
  for (const auto& field : schema_->fields()) {
    widths.push_back(std::max(CellOf(field->name(), false).width,
                              CellOf(field->type()->ToString(), false).width));
  }
  ForEachRow([&](const Row& row) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].width);
  });
  return widths;
}

/// Columns from both ends as far as they fit; -1 stands for those between.
std::vector<int> TablePreview::ShownColumns(const std::vector<int>& widths) const {
  const int count = static_cast<int>(widths.size());
  int all = -kGap;
  for (const int width : widths) all += width + kGap;
  std::vector<int> left;
  std::vector<int> right;
  int used = all <= options_.width ? 0 : 1;
  for (int i = 0, j = count - 1; i <= j;) {
    const bool from_left = left.size() <= right.size();
    const int column = from_left ? i : j;
    used += widths[static_cast<size_t>(column)] + kGap;
    if (all > options_.width && used > options_.width && !left.empty()) break;
    (from_left ? left : right).push_back(column);
    from_left ? ++i : --j;
  }
  if (static_cast<int>(left.size() + right.size()) < count) left.push_back(-1);
  left.insert(left.end(), right.rbegin(), right.rend());
  return left;
}

std::string TablePreview::Text() const {
  const std::vector<int> widths = Widths();
  const std::vector<int> shown = ShownColumns(widths);
  std::string text;
  const auto styled = [&](std::string_view style, const std::string& piece) {
    if (options_.style) text += style;
    text += piece;
    if (options_.style) text += kPlain;
  };
  const auto line = [&](auto cell_of, std::string_view style) {
    for (size_t i = 0; i < shown.size(); ++i) {
      if (i > 0) text.append(kGap, ' ');
      const int column = shown[i];
      const Cell cell = column < 0 ? Cell{std::string(kCut), 1, false} : cell_of(column);
      const int width = column < 0 ? 1 : widths[static_cast<size_t>(column)];
      const bool right = column >= 0 && IsRightAligned(*schema_->field(column)->type());
      const std::string padded = Padded(cell.text, cell.width, width, right);
      cell.null       ? styled(kDim, padded)
      : style.empty() ? void(text += padded)
                      : styled(style, padded);
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    text.push_back('\n');
  };
  if (!shown.empty()) {
    line([&](int i) { return CellOf(schema_->field(i)->name(), false); }, kBold);
    line([&](int i) { return CellOf(schema_->field(i)->type()->ToString(), false); }, kDim);
    line(
        [&](int i) {
          const int width = widths[static_cast<size_t>(i)];
          std::string rule;
          for (int k = 0; k < width; ++k) rule += "─";
          return Cell{rule, width, false};
        },
        kDim);
    const auto row_line = [&](const Row& row) {
      line([&](int i) { return row[static_cast<size_t>(i)]; }, "");
    };
    for (const Row& row : head_) row_line(row);
    if (static_cast<int64_t>(head_.size() + tail_.size()) < num_rows_) {
      line([](int) { return Cell{std::string(kCut), 1, false}; }, kDim);
    }
    for (const Row& row : tail_) row_line(row);
  }
  return text + fmt::format("{} row{}\n", Grouped(num_rows_), num_rows_ == 1 ? "" : "s");
}

}  // namespace headrace::cli
