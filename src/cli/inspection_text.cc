#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/inspect_command.h"
#include "cli/terminal_text.h"
#include "headrace/memory_budget.h"
#include "scan/parquet_inspection.h"

namespace headrace::cli {
namespace {

constexpr int kValueWidth = 32;
constexpr int kMetadataWidth = 60;
constexpr size_t kMostRowGroups = 40;  // that are shown by row group

std::string Cut(const std::string& text, int width) {
  const std::string safe = TerminalText(text);
  return TerminalWidth(safe) <= width ? safe : CutToWidth(safe, width - 1) + "…";
}

/// Lines of cells, side by side.
class Grid {
 public:
  explicit Grid(std::vector<std::string> titles) { Add(std::move(titles)); }
  void Add(std::vector<std::string> cells) {
    widths_.resize(std::max(widths_.size(), cells.size()));
    for (size_t i = 0; i < cells.size(); ++i) {
      widths_[i] = std::max(widths_[i], TerminalWidth(cells[i]));
    }
    lines_.push_back(std::move(cells));
  }
  std::string Text() const {
    std::string text;
    for (const auto& cells : lines_) {
      for (size_t i = 0; i < cells.size(); ++i) {
        text += cells[i];
        if (i + 1 == cells.size()) break;
        text.append(static_cast<size_t>(widths_[i] - TerminalWidth(cells[i]) + 2), ' ');
      }
      while (text.back() == ' ') text.pop_back();
      text += '\n';
    }
    return text;
  }

 private:
  std::vector<std::vector<std::string>> lines_;
  std::vector<int> widths_;
};

std::string Ratio(int64_t bytes, int64_t compressed) {
  if (compressed == 0) return "";
  return fmt::format("{:.1f}x", static_cast<double>(bytes) / static_cast<double>(compressed));
}

std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

void AddNew(const std::string& text, std::vector<std::string>* known) {
  if (std::find(known->begin(), known->end(), text) == known->end()) known->push_back(text);
}

std::string Nulls(const scan::InspectedChunk& chunk) {
  return chunk.null_count ? fmt::format("{}", *chunk.null_count) : "?";
}

/// "bloom filter, page index": what can tell that rows do not matter.
std::string IndexesOf(const scan::InspectedChunk& chunk) {
  std::vector<std::string> indexes;
  if (chunk.bloom_filter_bytes) {
    indexes.push_back(*chunk.bloom_filter_bytes > 0
                          ? "bloom filter " + FormatByteSize(*chunk.bloom_filter_bytes)
                          : "bloom filter");
  }
  if (chunk.column_index) indexes.emplace_back("column index");
  if (chunk.offset_index) indexes.emplace_back("offset index");
  return Joined(indexes);
}

std::string ColumnGrid(const scan::ParquetInspection& inspected) {
  Grid grid({"column", "type", "compression", "encodings", "in file", "unpacked", "ratio"});
  for (const scan::InspectedColumn& column : inspected.columns) {
    int64_t compressed = 0;
    int64_t bytes = 0;
    std::vector<std::string> codecs;
    std::vector<std::string> encodings;
    for (const scan::InspectedChunk& chunk : column.chunks) {
      compressed += chunk.compressed_bytes;
      bytes += chunk.bytes;
      AddNew(chunk.compression, &codecs);
      for (const std::string& encoding : chunk.encodings) AddNew(encoding, &encodings);
    }
    const std::string type =
        column.meaning.empty() ? column.type : column.type + " " + Cut(column.meaning, 40);
    grid.Add({Cut(column.name, 40), type, Joined(codecs), Joined(encodings),
              FormatByteSize(compressed), FormatByteSize(bytes), Ratio(bytes, compressed)});
  }
  return grid.Text();
}

std::string ChunkGrid(const scan::ParquetInspection& inspected) {
  Grid grid({"row group", "rows", "column", "in file", "ratio", "min", "max", "nulls", "indexes"});
  const size_t shown = std::min(kMostRowGroups, inspected.row_group_rows.size());
  for (size_t group = 0; group < shown; ++group) {
    for (size_t i = 0; i < inspected.columns.size(); ++i) {
      const scan::InspectedColumn& column = inspected.columns[i];
      const scan::InspectedChunk& chunk = column.chunks[group];
      const bool first = i == 0;
      grid.Add({first ? fmt::format("{}", group) : "",
                first ? fmt::format("{}", inspected.row_group_rows[group]) : "",
                Cut(column.name, 40), FormatByteSize(chunk.compressed_bytes),
                Ratio(chunk.bytes, chunk.compressed_bytes),
                Cut(chunk.min.value_or("?"), kValueWidth),
                Cut(chunk.max.value_or("?"), kValueWidth), Nulls(chunk), IndexesOf(chunk)});
    }
  }
  std::string text = grid.Text();
  if (shown < inspected.row_group_rows.size()) {
    text += fmt::format("… and {} more row groups; --json has all\n",
                        inspected.row_group_rows.size() - shown);
  }
  return text;
}

std::string PageGrid(const scan::ParquetInspection& inspected) {
  Grid grid({"row group", "column", "page", "kind", "encoding", "values", "unpacked"});
  bool any = false;
  for (size_t group = 0; group < inspected.row_group_rows.size(); ++group) {
    for (const scan::InspectedColumn& column : inspected.columns) {
      int64_t number = 0;
      for (const scan::InspectedPage& page : column.chunks[group].pages) {
        any = true;
        grid.Add({fmt::format("{}", group), Cut(column.name, 40), fmt::format("{}", number++),
                  page.kind, page.encoding, fmt::format("{}", page.num_values),
                  FormatByteSize(page.bytes)});
      }
    }
  }
  return any ? "\n" + grid.Text() : "";
}

}  // namespace

std::string InspectionText(const std::string& path, const scan::ParquetInspection& inspected) {
  std::string text;
  auto out = std::back_inserter(text);
  fmt::format_to(out, "file        {}, {}, footer {}\n", TerminalText(path),
                 FormatByteSize(inspected.file_bytes), FormatByteSize(inspected.footer_bytes));
  fmt::format_to(out, "rows        {} in {} row groups\n", inspected.num_rows,
                 inspected.row_group_rows.size());
  fmt::format_to(out, "created by  {}, format {}\n", TerminalText(inspected.created_by),
                 inspected.version);
  for (const auto& [key, value] : inspected.metadata) {
    fmt::format_to(out, "metadata    {} = {}\n", Cut(key, kMetadataWidth),
                   Cut(value, kMetadataWidth));
  }
  text += "\n" + ColumnGrid(inspected);
  if (!inspected.row_group_rows.empty()) text += "\n" + ChunkGrid(inspected);
  return text + PageGrid(inspected);
}

}  // namespace headrace::cli
