#include "scan/row_ranges.h"

#include <algorithm>

namespace headrace::scan {

int64_t CountRows(const RowRanges& ranges) noexcept {
  int64_t rows = 0;
  for (const RowRange& range : ranges) rows += range.end - range.begin;
  return rows;
}

RowRanges Intersect(const RowRanges& a, const RowRanges& b) {
  RowRanges both;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    AppendRange({std::max(a[i].begin, b[j].begin), std::min(a[i].end, b[j].end)}, &both);
    if (a[i].end < b[j].end) {
      ++i;
    } else {
      ++j;
    }
  }
  return both;
}

void AppendRange(RowRange range, RowRanges* ranges) {
  if (range.begin >= range.end) return;
  if (!ranges->empty() && ranges->back().end == range.begin) {
    ranges->back().end = range.end;
  } else {
    ranges->push_back(range);
  }
}

}  // namespace headrace::scan
