#pragma once

#include <cstdint>
#include <vector>

namespace headrace::scan {

/// Rows [begin, end) of a row group.
struct RowRange {
  int64_t begin = 0;
  int64_t end = 0;
  friend bool operator==(const RowRange&, const RowRange&) = default;
};

/// Ascending, not empty, not touching each other.
using RowRanges = std::vector<RowRange>;

int64_t CountRows(const RowRanges& ranges) noexcept;
/// The rows that are in both.
RowRanges Intersect(const RowRanges& a, const RowRanges& b);
/// Appends a range behind all others, joined to the last if they touch; empty ones are left out.
void AppendRange(RowRange range, RowRanges* ranges);

}  // namespace headrace::scan
