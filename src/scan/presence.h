#pragma once

#include <cstdint>

#include "headrace/status.h"

namespace headrace::scan {

/// The definition levels of a flat optional column, which say of each row whether it has a value:
/// Parquet's RLE / bit-packed hybrid at a width of one bit, whose bit-packed runs are Arrow's
/// validity bitmap as they lie. Source: Parquet format, Encodings.md, "RLE = 3".
///
///   run  = varint header, body
///   header & 1 = 0: header >> 1 rows of one value, body is that value in one byte
///   header & 1 = 1: (header >> 1) * 8 rows, body is their bits, first row lowest
class Presence {
 public:
  /// All rows have a value.
  Presence() = default;
  /// The levels of `rows` rows; `data` is borrowed.
  Presence(const uint8_t* data, int64_t bytes, int64_t rows) noexcept;

  /// Whether it is plain at first sight that every remaining row has a value.
  bool AllPresent() const noexcept { return data_ == nullptr; }

  /// Writes the bits of the next `rows` rows at bit `offset` of `bits` and adds how many have a
  /// value to `present`. kCorruptFile if the levels end early. Requires: !AllPresent().
  Status Read(int64_t rows, uint8_t* bits, int64_t offset, int64_t* present);

  /// The same without writing them.
  Status Skip(int64_t rows, int64_t* present);

 private:
  bool NextRun() noexcept;
  template <typename Repeated, typename Packed>
  Status Walk(int64_t rows, Repeated&& repeated, Packed&& packed);

  const uint8_t* data_ = nullptr;
  const uint8_t* end_ = nullptr;
  int64_t run_left_ = 0;             // rows of the run
  const uint8_t* packed_ = nullptr;  // its bits, or null if it is repeated
  int64_t packed_at_ = 0;            // the next row's bit
  bool value_ = false;               // what is repeated
};

}  // namespace headrace::scan
