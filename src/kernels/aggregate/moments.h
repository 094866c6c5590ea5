#pragma once

#include <cstdint>

#include "kernels/aggregate/grouped_rows.h"
#include "kernels/aggregate/moment_cell.h"
#include "kernels/aggregate/number_type.h"

namespace headrace::kernels {

/// Adds values to the cells of their groups: counts all that are not null, and sums those that are
/// 0 or in their cell's window; integers always are. The rows of the others are written to `misses`
/// (room for `rows`), in their order; returns how many.
/// Requires: rows < 2^31. Cost: O(rows); nothing in it depends on the values.
int64_t AddNumbers(NumberType type, const void* values, const GroupedRows& rows, SumCell* cells,
                   uint32_t* misses) noexcept;
int64_t AddNumbers(NumberType type, const void* values, const GroupedRows& rows, MomentCell* cells,
                   uint32_t* misses) noexcept;

}  // namespace headrace::kernels
