#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "headrace/memory_budget.h"
#include "headrace/scan.h"

namespace headrace {

std::string ScanExplanation::ToString() const {
  std::string text;
  auto out = std::back_inserter(text);
  fmt::format_to(out, "columns    {}\n", fmt::join(columns, ", "));
  if (!filter_columns.empty()) {
    fmt::format_to(out, "filter on  {}\n", fmt::join(filter_columns, ", "));
  }
  fmt::format_to(out, "files      {}\n", num_files);
  fmt::format_to(out, "row groups {} of {}\n", read_row_groups, num_row_groups);
  if (num_rows < 0) {
    fmt::format_to(out, "rows       not counted before they are read\n");
  } else {
    fmt::format_to(out, "rows       {} of {}\n", read_rows, num_rows);
  }
  for (const Skip& skip : skips) {
    fmt::format_to(out, "  by {}: {} row groups, {} pages, {} rows passed over\n", skip.rule,
                   skip.row_groups, skip.pages, skip.rows);
  }
  fmt::format_to(out, "threads    {}, batches of {}\n", num_threads, FormatByteSize(batch_bytes));
  fmt::format_to(out, "memory     about {}{}\n", FormatByteSize(memory_bytes),
                 pages_read_again ? "; pages are unpacked more than once to keep it" : "");
  return text;
}

}  // namespace headrace
