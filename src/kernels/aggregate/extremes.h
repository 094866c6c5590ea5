#pragma once

#include <cstdint>
#include <limits>

#include "kernels/aggregate/grouped_rows.h"
#include "kernels/aggregate/number_type.h"

namespace headrace::kernels {

/// The least and the greatest value of a group, as keys that are ordered as integers:
/// integers themselves (unsigned ones of 64 bits less 2^63), and of a real its bits, those of a
/// negative one turned round. So -0.0 lies below 0.0, and the outcome does not depend on the order
/// of rows. A NaN is both below and above everything: once there is one, both are NaN.
struct ExtremeCell {
  int64_t low = std::numeric_limits<int64_t>::max();
  int64_t high = std::numeric_limits<int64_t>::min();

  bool IsEmpty() const noexcept { return low > high; }
};

/// Requires: rows < 2^31.
void AddExtremes(NumberType type, const void* values, const GroupedRows& rows,
                 ExtremeCell* cells) noexcept;

/// The value of a key, as the type's own bytes, written to `out`.
void WriteExtreme(NumberType type, int64_t key, void* out) noexcept;

/// Adds 1 for each row with a value to the count of its group.
void AddCounts(const GroupedRows& rows, int64_t* counts) noexcept;

}  // namespace headrace::kernels
