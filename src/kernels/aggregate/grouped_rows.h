#pragma once

#include <cstdint>

namespace headrace::kernels {

/// Which rows have a value, and the group that each belongs to.
struct GroupedRows {
  const uint8_t* validity = nullptr;  ///< bits, 1: there is a value; null: all rows have one
  int64_t validity_offset = 0;        ///< in bits, of row 0
  const uint32_t* groups = nullptr;   ///< of each row; null: all rows are of group 0
  int64_t rows = 0;
};

}  // namespace headrace::kernels
